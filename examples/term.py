"""A term of forty learners, run from the README's instructor page alone: `python -m examples.term`.

The commands are read from the page and given in its order: whoever changes the page changes the term. The learners'
work, their lateness and what each must get are written down here, by hand. In between the grading is killed and goes
on; it runs on a Dask scheduler with two workers, one of which is killed as well. Exit status 1 if a mark is wrong.
"""

import csv
import io
import json
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from course_utils import syllabus
from course_utils.grading.decisions import totals
from course_utils.grading.files import slug
from course_utils.grading.gradebook import Gradebook, NoGradebookError
from course_utils.syllabus import ROOT
from examples.make_class import Answers

BUILD = ROOT / "build" / "term"
DUE = {1: datetime(2026, 3, 8, 22, 59, tzinfo=UTC), 2: datetime(2026, 3, 15, 22, 59, tzinfo=UTC)}  # Vienna's 23:59
EARLY, HOUR, DAY = timedelta(days=-1), timedelta(hours=1), timedelta(days=1)
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(99)


@dataclass(frozen=True)
class Kind:
    """What five learners do: (day, what, how late), and the marks that they must get."""

    work: tuple[tuple[int, str, timedelta], ...]
    marks: dict[int, float]


KINDS = (
    Kind(((1, "all", EARLY), (2, "all", EARLY)), {1: 10, 2: 10}),
    Kind(((1, "half", EARLY), (2, "half", EARLY)), {1: 5, 2: 5}),
    Kind(((1, "all", 2 * HOUR), (2, "all", EARLY)), {1: 9, 2: 10}),  # a day begun: 10 - 1
    Kind(((1, "half", EARLY), (1, "all", 1.5 * DAY), (2, "all", EARLY)), {1: 8, 2: 10}),  # 10 - 2 beats 5
    Kind(((1, "all", 30 * DAY),), {1: 5}),  # the floor
    Kind(((1, "nothing", EARLY), (2, "half", 3 * EARLY), (2, "all", EARLY)), {1: 0, 2: 10}),
    Kind(((1, "all", HOUR / 6), (2, "all", 2.5 * DAY)), {1: 10, 2: 7}),  # within the grace; three days begun
    Kind(((1, "picture", EARLY), (2, "all", EARLY)), {2: 10}),  # of a picture nobody can tell the day
)
NAMES = """Zoë Adler, Ines Costa, Yusuf Demir, Mara Eklund, Tom Fischer,
Ada Lovelace, Nils Berg, Chiara Conti, Dev Patel, Eva Novák,
Bo Chen, Finn Murphy, Greta Larsen, Hana Sato, Ivan Petrov,
Jana Horak, Karim Haddad, Lea Martin, Mateo Ruiz, Nora Quinn,
Olga Ivanova, Pedro Alves, Rosa Weiss, Sami Niemi, Tara Singh,
Ugo Moretti, Vera Kovač, Wim de Vries, Xenia Papadaki, Yara Nasser,
Zeno Rossi, Alma Jensen, Bela Szabó, Clara O'Neill, Dario Silva,
Elif Yılmaz, Femi Okafor, Gita Rao, Hugo Blanc, Ida Lindqvist"""
LEARNERS = [name.strip() for name in NAMES.replace("\n", " ").split(",")]
CHANGED = {("Ada Lovelace", 1): 6, ("Bo Chen", 1): 10}  # after adjust and extend: 5 + 1, and no longer late
SUM = 547  # 5 * (20 + 10 + 19 + 18 + 5 + 10 + 17 + 10) + 1 + 1

Course = Callable[[list[str]], None]  # runs one `course …`, and complains if it fails


@dataclass(frozen=True)
class Work:
    """One thing that a learner hands in."""

    learner: str
    day: int
    what: str
    time: datetime
    attempt: int

    @property
    def number(self) -> int:
        """The learner's number in every system."""
        return LEARNERS.index(self.learner) + 1

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return syllabus.day(self.day).slug

    @property
    def notebook(self) -> bytes:
        """What is in the notebook, if it is one."""
        return PICTURE if self.what == "picture" else _notebook(self.day, self.what)


def all_work() -> list[Work]:
    """Everything that the class hands in, in two weeks."""
    found = []
    for number, learner in enumerate(LEARNERS):
        seen: dict[int, int] = {}
        for day, what, late in KINDS[number // 5].work:
            seen[day] = seen.get(day, 0) + 1
            found.append(Work(learner, day, what, DUE[day] + late, seen[day]))
    return found


@cache
def _notebook(day: int, what: str) -> bytes:
    book = Answers(syllabus.day(day))
    step = {"all": 1, "half": 2, "nothing": len(book.names) + 1}[what]
    names = book.names[::step] if what != "nothing" else []
    return book.notebook({name: book.right[name] for name in names})


def _submitted(work: Work) -> bytes:
    """The zip of `course submit`, as if it had been written at the work's time."""
    manifest = {"student": work.learner, "day": work.name, "submitted": work.time.isoformat()}
    return _zip({f"{work.name}.ipynb": work.notebook, "manifest.json": json.dumps(manifest).encode()})


# --- three kinds of download ------------------------------------------------------------------------------------


def write_downloads(folder: Path) -> None:
    """What Canvas, Moodle and Gradescope give for the class, a download a system and round, and the class list."""
    makers = (_canvas, _moodle, _gradescope)
    for system, make in enumerate(makers):
        for round_ in (1, 2):
            work = [w for w in all_work() if w.number % 3 == system and w.attempt == round_]
            path = folder / "downloads" / f"{make.__name__.strip('_')}-round-{round_}.zip"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(_zip(make(work)))
    rows = [["name", "id", "email"], *([name, str(100 + n), _email(name)] for n, name in enumerate(LEARNERS, start=1))]
    with (folder / "class.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


def _email(name: str) -> str:
    return f"{slug(name)}@school.example"


def _canvas(work: list[Work]) -> dict[str, bytes]:
    def name(w: Work) -> str:
        first, last = w.learner.split(" ", 1)
        letters = re.sub(r"[\W_]", "", last + first).lower()
        late = "_LATE" if w.time > DUE[w.day] else ""
        return f"{letters}{late}_{100 + w.number}_{9000 + 10 * w.number + w.day}_{w.name}.zip"

    return {name(w): _submitted(w) for w in work}


def _moodle(work: list[Work]) -> dict[str, bytes]:
    def name(w: Work) -> str:
        return f"{w.learner}_{500 + w.number}_assignsubmission_file/{w.name}-{slug(w.learner)}.zip"

    return {name(w): _submitted(w) for w in work}


def _gradescope(work: list[Work]) -> dict[str, bytes]:
    """Bare notebooks: here the system's own clock says when they came."""
    keys = {w: f"submission_{10_000 + 100 * w.attempt + 1000 * w.day + w.number}" for w in work}
    lines = []
    for w, key in keys.items():
        lines += [
            f"{key}:",
            "  :submitters:",
            f"  - :name: {json.dumps(w.learner)}",
            f"    :email: {_email(w.learner)}",
        ]
        lines += [f'  :created_at: "{w.time:%Y-%m-%d %H:%M:%S} UTC"']
    files = {f"assignment/{key}/{w.name}.ipynb": w.notebook for w, key in keys.items()}
    return files | {"assignment/submission_metadata.yml": "\n".join(lines).encode()}


def _zip(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


# --- the page as a script ---------------------------------------------------------------------------------------


def page() -> str:
    """The README's instructor page."""
    return (ROOT / "README.md").read_text(encoding="utf-8").split("## You want to teach")[1].split("\n## ")[0]


def commands() -> list[list[str]]:
    """Its commands in order, each as words."""
    lines = (line for kind, block in _blocks() if not kind for line in block.splitlines() if line.strip())
    return [shlex.split(line, comments=True) for line in lines]


def _blocks() -> list[tuple[str, str]]:
    return re.findall(r"^```(\w*)\n(.*?)^```$", page(), re.M | re.S)


def policy() -> str:
    """Its example of a policy."""
    return next(block for kind, block in _blocks() if kind == "toml")


def run(folder: Path, course: Course) -> None:
    """Hand in, and give every command of the page."""
    write_downloads(folder)
    (folder / "term.toml").write_text(policy(), encoding="utf-8")
    for words in commands():
        course(words[1:])


# --- by hand ----------------------------------------------------------------------------------------------------


def expected() -> dict[tuple[str, str], float]:
    """(learner, day) -> the mark, as it was worked out on paper."""
    marks = {(name, day): mark for n, name in enumerate(LEARNERS) for day, mark in KINDS[n // 5].marks.items()}
    return {(name, syllabus.day(day).slug): float(mark) for (name, day), mark in (marks | CHANGED).items()}


def wrong(folder: Path) -> list[str]:
    """Everything that is not as it must be: marks, totals, exports and pages."""
    deserved = expected()
    with Gradebook(folder / "graded" / "gradebook.db", create=False) as book:
        marks = book.marks()
        found = {(mark.student, mark.day): mark.total for mark in marks if mark.day}
        total = sum(one.points for one in totals(marks))
        attempts = len(book.attempts())
    problems = [f"{key}: {found.get(key)} is not {deserved.get(key)}." for key in deserved | found
                if abs(found.get(key, -1) - deserved.get(key, -1)) > 1e-6]  # fmt: skip
    problems += [f"The class has {total} points, not {SUM}."] if abs(total - SUM) > 1e-6 else []
    if attempts != len(all_work()):
        problems.append(f"{attempts} gradings for {len(all_work())} submissions: something was lost or done twice.")
    return [*problems, *_wrong_files(folder, deserved)]


def _wrong_files(folder: Path, deserved: dict[tuple[str, str], float]) -> Iterator[str]:
    rows = list(_rows(folder / "marks.csv"))
    exported = {(row["student"], row["day"]): row["mark"] for row in rows if row["counts"] == "yes" and row["day"]}
    for key, mark in deserved.items():
        if abs(float(exported.get(key) or -1) - mark) > 1e-6:
            yield f"marks.csv has {exported.get(key)!r} for {key}, not {mark}."
    canvas = {row["Student"]: row for row in _rows(folder / "canvas.csv") if row.get("ID")}
    for name in LEARNERS:
        shown = [float(value) for key, value in canvas.get(name, {}).items() if key.startswith("Day") and value]
        if sorted(shown) != sorted(mark for (learner, _), mark in deserved.items() if learner == name):
            yield f"canvas.csv has {shown} for {name}."
    for (name, day), mark in deserved.items():
        pages = list((folder / "graded" / "feedback" / day).glob(f"{slug(name)}-*.html"))
        if len(pages) != 1 or f"{mark:g} of 10 points" not in pages[0].read_text(encoding="utf-8"):
            yield f"{name} has no page of {day} with {mark:g} points."


def _rows(path: Path) -> Iterator[dict]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


# --- for real ---------------------------------------------------------------------------------------------------


@contextmanager
def scheduler() -> Iterator[tuple[str, list[subprocess.Popen]]]:
    """A Dask scheduler and two workers, processes of their own; gives its address and the workers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address, dask = f"tcp://127.0.0.1:{port}", [sys.executable, "-m", "dask"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    no_page, single = ["--no-dashboard"], ["--nthreads", "1", "--no-nanny", "--memory-limit", "0"]
    command = [*dask, "scheduler", "--host", "127.0.0.1", "--port", str(port), *no_page]
    running = [subprocess.Popen(command, **quiet)]
    running += [subprocess.Popen([*dask, "worker", address, *no_page, *single], **quiet) for _ in range(2)]
    try:
        from distributed import Client

        with Client(address, timeout=60, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)
        yield address, running[1:]
    finally:
        for process in running:
            process.kill()
            process.wait()


def for_real(folder: Path, address: str, workers: list[subprocess.Popen]) -> Course:
    """A `course` that grades on the scheduler, is killed after a third, and loses a worker after two thirds."""
    script = str(Path(sys.executable).with_name("course"))

    def course(words: list[str]) -> None:
        print("$", shlex.join(["course", *words]), flush=True)
        if words[0] == "grade" and "--dry-run" not in words:
            words = [*words, "--scheduler", address]
            book, all_ = folder / "graded" / "gradebook.db", len(all_work())
            first = subprocess.Popen([script, *words], cwd=folder, stdout=subprocess.DEVNULL)
            _follow(book, first, all_ // 3)
            first.kill()
            first.wait()
            print(f"(killed after {_graded(book)} of {all_}; the same command again)", flush=True)
            again = subprocess.Popen([script, *words], cwd=folder)
            _follow(book, again, 2 * all_ // 3)
            workers[0].kill()
            print(f"(one of the two workers killed after {_graded(book)} of {all_})", flush=True)
            _follow(book, again, all_)
            if again.wait():
                raise SystemExit("course grade failed.")
            return
        subprocess.run([script, *words], cwd=folder, check=True)

    return course


def _follow(book: Path, process: subprocess.Popen, until: int) -> None:
    """Say how far the grading is, until so many are written down.

    Raises:
        SystemExit: the process ended before that, so there was nothing left to kill.
    """
    said, all_ = _graded(book), len(all_work())
    while (done := _graded(book)) < until:
        if process.poll() is not None and _graded(book) < until:
            raise SystemExit(f"course grade ended after {_graded(book)} of {all_}.")
        if done >= said + 5:
            said = done
            print(f"  {done} of {all_} graded", flush=True)
        time.sleep(1)


def _graded(book: Path) -> int:
    try:
        with Gradebook(book, create=False) as opened:
            return len(opened.finished())
    except NoGradebookError:
        return 0


def main() -> int:
    """Run the term in the build folder; 0 if every figure is the one that was worked out by hand."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # then the scheduler and its workers end as well
    shutil.rmtree(BUILD, ignore_errors=True)
    BUILD.mkdir(parents=True)
    start = time.monotonic()
    with scheduler() as (address, workers):
        run(BUILD, for_real(BUILD, address, workers))
    problems = wrong(BUILD)
    print("\n".join(problems) or f"All marks of {len(LEARNERS)} learners, and their {SUM} points, are as by hand.")
    print(f"{len(all_work())} submissions, {time.monotonic() - start:.0f} seconds from the first command to the last.")
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
