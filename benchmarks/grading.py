"""Grade the same exercise with this grader, nbgrader and otter-grader, and with more and more submissions.

    python benchmarks/grading.py peers     seconds, CPU seconds and memory of one submission, and the ratios
    python benchmarks/grading.py attacks   how many of the red team's forgeries raise a mark in each grader
    python benchmarks/grading.py scale     1, 2 and 4 workers; 50, 500 and 2,000 submissions (--sizes)
    python benchmarks/grading.py class     a class with 5 % hostile submissions, killed in the middle and resumed

The peers are installed into an environment of their own (`--environment`, made when it is not there). The exercise is
the sample day of tests/fixtures/grading; its hidden tests are rewritten into each peer's own format.
"""

import argparse
import ast
import contextlib
import json
import os
import random
import resource
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "redteam")]

from grading_samples import DAY, RIGHT, notebook, released  # noqa: E402

CALL = "import types\n{name}(types.SimpleNamespace(**globals()))"
PYTHON = {"name": "python3", "display_name": "Python 3", "language": "python"}
# Attacks that forge a mark inside one process, and harm neither the machine nor the instructor who runs a peer on them.
FORGERIES = ("COMPARISONS", "PATCHES")
MOST_BYTES = 2**20  # of a hostile notebook in the class


def environment(folder: Path) -> Path:
    """The peers' environment; its Python."""
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        requirements = ROOT / "benchmarks" / "environments" / "graders.txt"
        subprocess.run([str(python), "-m", "pip", "install", "-q", "-r", str(requirements)], check=True)
    os.environ["PATH"] = f"{python.parent}{os.pathsep}{os.environ['PATH']}"  # the peers start programs by name
    site = next((folder / "lib").glob("python3*")) / "site-packages"
    (site / "course.pth").write_text("\n".join(path for path in sys.path if path.endswith("site-packages")))
    return python


# ---- the hidden tests in each peer's format --------------------------------------------------------------------------


def hidden_tests():
    """(source of the test module without pytest, [(function, task, points)])."""
    tree = ast.parse(DAY.hidden_tests.read_text(encoding="utf-8"))
    found = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            marks = {mark.func.attr: mark.args[0].value for mark in node.decorator_list}
            found.append((node.name, marks["task"], marks["points"]))
            node.decorator_list = []
    tree.body = [node for node in tree.body if "pytest" not in ast.unparse(node) or isinstance(node, ast.FunctionDef)]
    return ast.unparse(tree), found


def nbgrader_source() -> dict:
    """The release as an nbgrader source notebook, with a hidden test cell for each test."""
    module, tests = hidden_tests()
    book = released()
    cells = [cell for cell in book["cells"] if not cell["id"].startswith("check-")]
    for cell in cells:
        if cell["metadata"]["nbgrader"]["solution"]:
            cell["source"] = "### BEGIN SOLUTION\n" + RIGHT[cell["id"]] + "\n### END SOLUTION"
    for number, (name, _, points) in enumerate(tests):
        source = (module + "\n" if number == 0 else "") + CALL.format(name=name)
        mark = {"schema_version": 3, "grade_id": name, "grade": True, "locked": True, "solution": False, "task": False}
        source = f"### BEGIN HIDDEN TESTS\n{source}\n### END HIDDEN TESTS"
        cell = {"cell_type": "code", "id": name, "source": source, "metadata": {"nbgrader": mark | {"points": points}}}
        cells.append(cell | {"outputs": [], "execution_count": None})
    return book | {"cells": cells, "metadata": {"kernelspec": PYTHON}}


def otter_tests(folder: Path):
    """One test file a task, in otter's exception-based format."""
    module, tests = hidden_tests()
    for task in dict.fromkeys(task for _, task, _ in tests):
        lines = ["OK_FORMAT = False", "import types", "from otter.test_files import test_case as otter_case", module]
        lines += [f'name = "{task}"', "points = None"]
        for name, of, points in tests:
            if of == task:
                lines += [f'@otter_case(name="{name}", points={points}, hidden=True)', f"def check_{name}(env):"]
                lines += [f"    {name}(types.SimpleNamespace(**env))"]
        (folder / f"{task}.py").write_text("\n".join(lines), encoding="utf-8")


def run(command: list, folder: Path, seconds: float = 300) -> tuple[str, int]:
    """What a program says, and the MiB of the largest process that it or a descendant had."""
    with tempfile.TemporaryFile("w+", errors="replace") as said:
        process = subprocess.Popen(command, cwd=folder, stdout=said, stderr=subprocess.STDOUT, start_new_session=True)
        timer = threading.Timer(seconds, os.killpg, [process.pid, signal.SIGKILL])
        timer.start()
        _, status, usage = os.wait4(process.pid, 0)
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode == -signal.SIGKILL:
            raise subprocess.TimeoutExpired(command, seconds)
        said.seek(0)
        return said.read(), usage.ru_maxrss // 1024


class NbGrader:
    """nbgrader, with one course folder."""

    def __init__(self, python: Path, folder: Path):
        self.folder, self.count, self.memory = folder, 0, 0
        self.command = [str(python), "-m", "nbgrader"]
        (folder / "source" / "day").mkdir(parents=True)
        (folder / "source" / "day" / "day.ipynb").write_text(json.dumps(nbgrader_source()), encoding="utf-8")
        self._run("generate_assignment", "day", "--force")

    def _run(self, *arguments):
        said, self.memory = run([*self.command, *arguments], self.folder)
        return said

    def grade(self, answers: dict, before: str) -> float:
        self.count += 1
        student = f"student{self.count}"
        book = json.loads((self.folder / "release" / "day" / "day.ipynb").read_text(encoding="utf-8"))
        place = self.folder / "submitted" / student / "day" / "day.ipynb"
        place.parent.mkdir(parents=True)
        place.write_text(json.dumps(answered(book, answers, before)), encoding="utf-8")
        said = self._run("autograde", "day", "--student", student, "--force")
        with sqlite3.connect(self.folder / "gradebook.db") as database:
            query = (
                "select sum(coalesce(g.auto_score, 0)) from grade g join submitted_notebook n on g.notebook_id = n.id "
                "join submitted_assignment a on n.assignment_id = a.id where a.student_id = ?"
            )
            points = database.execute(query, [student]).fetchone()[0]
        if points is None and not before:
            raise SystemExit(f"nbgrader graded nothing:\n{said}")
        return points or 0.0


class Otter:
    """otter-grader, without its container."""

    def __init__(self, python: Path, folder: Path):
        self.folder, self.count, self.memory = folder, 0, 0
        self.command = [str(python), "-m", "otter"]
        (folder / "tests").mkdir(parents=True)
        otter_tests(folder / "tests")
        arguments = ["generate", "-t", "tests", "-o", "autograder.zip", "--no-environment", "--no-requirements"]
        subprocess.run([*self.command, *arguments], cwd=folder, check=True, capture_output=True, timeout=300)

    def grade(self, answers: dict, before: str) -> float:
        self.count += 1
        out = self.folder / f"out{self.count}"
        out.mkdir()
        book = json.loads(notebook({}))
        book["cells"] = [cell for cell in book["cells"] if not cell["id"].startswith("check-")]
        (out / "day.ipynb").write_text(json.dumps(answered(book, answers, before)), encoding="utf-8")
        command = [*self.command, "run", "--no-logo", "-a", str(self.folder / "autograder.zip"), "-o", str(out)]
        said, self.memory = run([*command, "day.ipynb"], out)
        results = out / "results.json"
        if not results.exists():
            if not before:
                raise SystemExit(f"otter graded nothing:\n{said}")
            return 0.0
        return sum(test.get("score", 0) or 0 for test in json.loads(results.read_text(encoding="utf-8"))["tests"])


def answered(book: dict, answers: dict, before: str) -> dict:
    """The notebook with these answers and a first cell, for the peers' own kernel."""
    book["metadata"]["kernelspec"] = PYTHON
    for cell in book["cells"]:
        cell["source"] = answers.get(cell["id"], cell["source"])
    if before:
        first = {"cell_type": "code", "id": "added", "source": before, "metadata": {}, "outputs": []}
        book["cells"].insert(0, first | {"execution_count": None})
    return book


class Ours:
    """This grader, with its warm process."""

    def __init__(self):
        from course_utils.grading import session, warm

        self.session = session
        warm.shared()
        self.pid, self.last, self.ended = _warm_processes()[-1].pid, 0.0, 0.0

    def grade(self, answers: dict, before: str) -> float:
        grade = self.session.grade_notebook(notebook(answers, before=before), DAY)
        self.follow()
        shared = Path(f"/proc/{self.pid}/status").read_text().split("VmHWM:")[1].split()[0]
        self.memory = int(shared) // 1024 + grade.peak_memory // 2**20
        return grade.points

    def follow(self):
        """Look at the warm process of now: after many forks a new one takes the old one's place."""
        now = _warm_processes()[-1].pid
        if now != self.pid:
            self.pid, self.ended, self.last = now, self.ended + self.last, 0.0
        self.spent()

    def spent(self) -> float:
        """CPU seconds of the warm processes and of everything that they have forked and seen end."""
        with contextlib.suppress(OSError):  # it has just been replaced: what it was last seen with counts
            fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
            self.last = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
        return self.ended + self.last


def _warm_processes():
    from course_utils.grading import warm

    return list(warm._running.values())


# ---- a class, in one go ----------------------------------------------------------------------------------------------


def make_class(folder: Path, size: int) -> dict[str, float]:
    """Write `size` notebooks, every twentieth a hostile one; file name -> the mark that it deserves."""
    import attacks as red

    folder.mkdir(parents=True)
    hostile = [attack for attack in red.ATTACKS if len(attack.bytes()) < MOST_BYTES]
    random.Random(0).shuffle(hostile)
    half = RIGHT["count_words"].replace(".lower()", "")
    honest = [(RIGHT, 10), (RIGHT | {"best": "def best(scores):\n    return scores"}, 7)]
    honest += [(RIGHT | {"count_words": half}, 8), ({"best": RIGHT["best"]}, 3), ({}, 0)]
    deserved = {}
    for number in range(size):
        if number % 20 == 10:
            attack = hostile[number // 20 % len(hostile)]
            data, points = attack.bytes(), attack.deserved
        else:
            answers, points = honest[number % len(honest)]
            data = notebook(answers, after=f"# handed in by number {number}")
        name = f"student-{number:04}.ipynb"
        (folder / name).write_bytes(data)
        deserved[name] = points
    return deserved


def grade_class(folder: Path, out: Path, workers: int):
    """Grade the folder, saying how far it is; the last line holds the marks."""
    from course_utils.grading.batch import grade_folder
    from course_utils.grading.limits import Limits

    def progress(done, total, name):
        print(done, flush=True)

    limits = Limits(cell=5, call=3, task=6, total=60)
    result = grade_folder(folder, out, DAY, workers=workers, limits=limits, progress=progress)
    marks = {Path(entry.file).name: None if entry.failed else entry.points for entry in result.entries}
    print(json.dumps({"graded": result.graded, "reused": result.reused, "marks": marks}))


def classroom(size: int, workers: int):
    """Grade a class in a process that is killed when half is done, grade it again, and compare every mark."""
    with tempfile.TemporaryDirectory(prefix="class-") as place:
        folder, out = Path(place, "in"), Path(place, "out")
        deserved = make_class(folder, size)
        command = [sys.executable, __file__, "class-run", "--workers", str(workers), "--places", str(folder), str(out)]
        started = time.monotonic()
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as first:
            for line in first.stdout:
                if int(line) >= size // 2:
                    first.kill()
                    break
        seconds = time.monotonic() - started
        print(f"killed after {size // 2} of {size} submissions and {seconds:.0f} s", flush=True)
        last = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1]
        found, seconds = json.loads(last), time.monotonic() - started
    wrong = {
        name: (found["marks"].get(name), mark) for name, mark in deserved.items() if found["marks"].get(name) != mark
    }
    print(f"{found['reused']} were known, {found['graded']} graded; {seconds:.0f} s in all with {workers} workers")
    print(f"{size - len(wrong)} of {size} marks are right{': ' + str(wrong) if wrong else ''}")
    return 1 if wrong or found["reused"] < size // 2 - 1 else 0


# ---- what is measured ------------------------------------------------------------------------------------------------


def used_by_children() -> float:
    """CPU seconds of this process and its children."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def measured(grader, times: int):
    """Median (seconds, CPU seconds, MiB of memory) of right submissions; each must have full marks."""
    rows = []
    for _ in range(times):
        spent = used_by_children() + (grader.spent() if isinstance(grader, Ours) else 0)
        started = time.monotonic()
        points = grader.grade(RIGHT, "")
        seconds = time.monotonic() - started
        time.sleep(0.2)  # what the grader ends last is still to be accounted for
        spent = used_by_children() + (grader.spent() if isinstance(grader, Ours) else 0) - spent
        rows.append((seconds, spent, grader.memory))
        if points != DAY.points:
            raise SystemExit(f"{type(grader).__name__} gave {points} of {DAY.points} points to right answers")
    return [statistics.median(column) for column in zip(*rows)]


def tests_alone(times: int) -> float:
    """Median seconds of both test files on right answers, in this very process: what no grader can fall below."""
    from course_utils.grading.testing import LocalSubmission, run_tests

    namespace: dict = {}
    for cell in json.loads(notebook(RIGHT))["cells"]:
        if cell["cell_type"] == "code" and not cell["id"].startswith("check-"):
            exec("".join(cell["source"]), namespace)
    seconds = []
    for _ in range(times):
        started = time.monotonic()
        results = [run_tests(path, LocalSubmission(namespace)) for path in (DAY.hidden_tests, DAY.public_tests)]
        seconds.append(time.monotonic() - started)
        if any(result.outcome != "passed" for found in results for result in found):
            raise SystemExit("a right answer failed a test")
    return statistics.median(seconds)


def peers(graders: dict, times: int):
    """Print one submission's cost in each grader, in the same run, and what its tests take without any grader."""
    print(f"one right submission, median of {times}; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    costs = {name: measured(grader, times) for name, grader in graders.items()}
    ours = costs["this grader"]
    print(
        "| grader | seconds | CPU seconds | memory (MiB) | ratio (seconds) | ratio (CPU) |\n|---|---|---|---|---|---|"
    )
    for name, (seconds, spent, memory) in costs.items():
        row = [name, f"{seconds:.2f}", f"{spent:.2f}", f"{memory:.0f}"]
        print("| " + " | ".join([*row, f"{seconds / ours[0]:.1f}", f"{spent / ours[1]:.1f}"]) + " |")
    alone = tests_alone(times + 2)
    most = ", ".join(f"{cost[0] / alone:.0f} times {name}" for name, cost in costs.items() if name != "this grader")
    print(f"The tests alone take {alone:.3f} s in one process: a grader of no cost at all would be faster by {most}.")


def attacks(graders: dict, most: int):
    """Print how many forgeries raise a mark in each grader."""
    import attacks as red

    chosen = [attack for name in FORGERIES for attack in getattr(red, name)][:most]
    for name, grader in graders.items():
        raised = []
        for attack in chosen:
            try:
                if grader.grade(attack.answers, attack.before) > attack.deserved:
                    raised.append(attack.name)
            except subprocess.TimeoutExpired:
                continue
        print(f"{name}: {len(raised)} of {len(chosen)} forgeries raise the mark: {', '.join(raised)}", flush=True)


def scale(sizes: list[int], workers: list[int]):
    """Print seconds a submission for each number of workers and of submissions, and the warm process's memory."""
    ours = Ours()
    book = [RIGHT, RIGHT | {"best": "def best(scores):\n    return scores"}, {}]
    wanted = [10, 7, 0]
    print("| submissions | workers | seconds | seconds each | CPU seconds each | memory of the warm process (MiB) |")
    print("|---|---|---|---|---|---|")
    for size, count in [(sizes[0], count) for count in workers] + [(size, workers[-1]) for size in sizes[1:]]:
        started, spent = time.monotonic(), ours.spent()
        with ThreadPoolExecutor(count) as pool:
            points = list(pool.map(lambda number: ours.grade(book[number % 3], ""), range(size)))
        if points != [wanted[number % 3] for number in range(size)]:
            raise SystemExit("a mark was wrong")
        seconds, spent = time.monotonic() - started, ours.spent() - spent
        memory = int(Path(f"/proc/{ours.pid}/status").read_text().split("VmRSS:")[1].split()[0]) // 1024
        row = [size, count, f"{seconds:.1f}", f"{seconds / size:.3f}", f"{spent / size:.3f}", memory]
        print("| " + " | ".join(map(str, row)) + " |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=["peers", "attacks", "scale", "class", "class-run"])
    parser.add_argument("--environment", type=Path, default=ROOT / "benchmarks" / "environments" / "graders")
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--most", type=int, default=1000)
    parser.add_argument("--sizes", type=int, nargs="+", default=[50, 500, 2000])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--places", type=Path, nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.what == "scale":
        return scale(given.sizes, given.workers)
    if given.what == "class":
        return classroom(given.sizes[0], given.workers[0])
    if given.what == "class-run":
        return grade_class(*given.places, given.workers[0])
    python = environment(given.environment)
    folder = Path(tempfile.mkdtemp(prefix="graders-"))
    try:
        graders = {"this grader": Ours()}
        graders |= {"nbgrader": NbGrader(python, folder / "nbgrader"), "otter-grader": Otter(python, folder / "otter")}
        peers(graders, given.times) if given.what == "peers" else attacks(graders, given.most)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
