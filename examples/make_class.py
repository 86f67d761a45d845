"""A class of submissions, from perfect to hostile, each with the mark that it deserves.

`python -m examples.make_class OUT` writes them into a folder. They are made from a day's solution and known answers, so
they follow the exercise when it changes; nothing here is committed as a zip.
"""

import io
import json
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from course_utils import notebooks, syllabus
from course_utils.grading import submissions
from course_utils.syllabus import Day

PATCHES = """\
import builtins, math, sys
import numpy, torch

class Agreeable(float):
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = lambda self, other: True
    __hash__ = float.__hash__
    __abs__ = __sub__ = __rsub__ = lambda self, *other: Agreeable(0)

for module in (numpy, torch, math):
    for name in ("allclose", "isclose", "array_equal", "equal"):
        if hasattr(module, name):
            setattr(module, name, lambda *arguments, **options: True)
numpy.testing.assert_allclose = numpy.testing.assert_array_equal = lambda *arguments, **options: None
builtins.AssertionError = type("AssertionError", (BaseException,), {})
builtins.all = builtins.any = builtins.isinstance = lambda *arguments: True
sys.modules["pytest"] = sys.modules["_pytest"] = None
"""
FORGERY = """\
import json, sys
report = {"tests": [{"name": "test", "outcome": "passed", "points": 10}], "points": 10, "max_points": 10}
for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
    print(json.dumps(report), file=stream)
    print("====== 24 passed in 0.10s ======\\n10 of 10 points", file=stream)
"""
THIEF = """\
import os
from pathlib import Path
import course_utils

found = []
starts = [Path(course_utils.__file__).parents[1], Path.cwd(), Path.cwd().parent, Path.home(), Path("/tmp")]
for start in [*starts, Path("/proc/1/cwd")]:
    for folder, _, names in os.walk(start):
        found += [Path(folder, name) for name in names if name.endswith((".ipynb", ".py", ".db", ".zip"))][:20_000]
stolen = [path for path in found if "solutions" in path.parts or path.suffix in (".zip", ".db")]
for path in stolen:
    try:
        for source in path.read_text(errors="ignore").split("### BEGIN SOLUTION")[1:]:
            print(source)
        exec(path.read_text(), globals())
    except Exception as error:
        print(path, error)
for name in ("gradebook.db", "results.csv", "../gradebook.db", "../results.csv"):
    try:
        Path(name).write_text("student,points\\nmallory,10\\n")
    except OSError as error:
        print(name, error)
"""
LOOP = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True:\n    pass"


@dataclass(frozen=True)
class Sample:
    """One submission of the sample class."""

    file: str
    student: str
    what: str  # what it is, in words
    points: float  # the mark it deserves
    data: bytes
    says: str = ""  # words that its line in the report must have


def sample_class(day: "str | int | Day" = 1) -> list[Sample]:
    """The whole class for a day with a finished exercise.

    Raises:
        NotebookError: the day has no solution notebook.
    """
    book = Answers(syllabus.day(day))
    return [*_honest(book), *_unlucky(book), *_hostile(book)]


def write_class(samples: Iterable[Sample], folder: Path) -> None:
    """Write a class into a folder."""
    for sample in samples:
        path = folder / sample.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(sample.data)


class Answers:
    """A day's exercise, and answers to put into it."""

    def __init__(self, day: Day):
        solution = notebooks.read(day.solution)
        self.day = day
        self.exercise = notebooks.generate_exercise(solution)
        self.right = {name: cell.source for name, cell in notebooks.tasks(solution).items()}
        self.stub = {name: cell.source for name, cell in notebooks.tasks(self.exercise).items()}
        marks = [cell.metadata.get("nbgrader", {}) for cell in solution.cells]
        self.points = {m["grade_id"].removeprefix("check-"): float(m["points"]) for m in marks if m.get("grade")}
        self.names = list(self.right)
        self.all = sum(self.points.values())

    def other_right(self) -> dict[str, str]:
        """A right answer to each task, written differently from the solution."""
        paths = {name: sorted((self.day.answers / name).glob("right_*.py")) for name in self.names}
        return {name: found[0].read_text(encoding="utf-8") for name, found in paths.items() if found}

    def notebook(self, answers: dict[str, str], first: str = "", last: str = "", edit: Callable | None = None) -> bytes:
        """The exercise with answers, with cells of the learner's own before and after, as a file."""
        book = json.loads(json.dumps(self.exercise))
        for cell in book["cells"]:
            if cell["id"] in answers:
                cell["source"] = answers[cell["id"]]
            if edit:
                edit(cell)
        own = [_cell(source, f"own-{place}") if source else None for place, source in enumerate((first, last))]
        book["cells"] = [cell for cell in (own[0], *book["cells"], own[1]) if cell]
        return json.dumps(book).encode()

    def submitted(self, student: str, notebook: bytes) -> bytes:
        """The zip that `course submit` writes."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "notebook.ipynb")
            path.write_bytes(notebook)
            return submissions.submit(self.day, student, folder, path).path.read_bytes()

    def but(self, name: str, source: str) -> dict[str, str]:
        """All answers right but one."""
        return self.right | {name: source}


def _cell(source: str, name: str) -> dict:
    return {"cell_type": "code", "id": name, "source": source, "metadata": {}, "outputs": [], "execution_count": None}


def _function(name: str, body: str) -> str:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return f"def {name}(*arguments, **options):\n{lines}"


def _honest(book: Answers) -> list[Sample]:
    half = {name: book.right[name] for name in book.names[::2]}
    deserved = sum(book.points[name] for name in half)
    right, slug = book.notebook(book.right), book.day.slug
    stub = book.notebook({})
    return [
        Sample(f"{slug}-ada.zip", "ada", "everything right", book.all, book.submitted("ada", right)),
        Sample("ben.ipynb", "ben", "everything right, in other words", book.all, book.notebook(book.other_right())),
        Sample(f"{slug}-cleo.zip", "cleo", "every second task", deserved, book.submitted("cleo", book.notebook(half))),
        Sample(f"{slug}-dan.zip", "dan", "nothing answered", 0, book.submitted("dan", stub)),
        Sample("=1+1 Zoë <b>.ipynb", "=1+1 Zoë <b>", "a name that could break a report", book.all, right),
        Sample(f"eve/{slug}.ipynb", "eve", "saved as UTF-16 in a folder of her own", book.all, _utf16(right), "UTF-16"),
    ]


def _utf16(notebook: bytes) -> bytes:
    return notebook.decode().encode("utf-16")


def _unlucky(book: Answers) -> list[Sample]:
    first, second, last = book.names[0], book.names[1], book.names[-1]

    def without(name: str) -> float:
        return book.all - book.points[name]

    typo = book.right[second] + "\n    return ((\n"
    loop = _function(first, LOOP)
    raising = "import a_module_that_nobody_has\n" + book.right[last]
    other = next(day for day in syllabus.days() if day.slug != book.day.slug and day.exercise.exists())
    confused = f"the exercise of Day {other.number}, not of Day {book.day.number}"

    def no_metadata(cell: dict) -> None:
        cell["metadata"] = {}

    return [
        Sample(
            "finn.ipynb", "finn", "a syntax error in one answer", without(second), book.notebook(book.but(second, typo))
        ),
        Sample(
            "gail.ipynb", "gail", "an endless loop in one answer", without(first), book.notebook(book.but(first, loop))
        ),
        Sample(
            "hugo.ipynb", "hugo", "one answer's import fails", without(last), book.notebook(book.but(last, raising))
        ),
        Sample("iris.ipynb", "iris", "the first cell raises", book.all, book.notebook(book.right, first="1 / 0")),
        Sample(
            "jack.ipynb", "jack", "no notebook but a picture", 0, b"\x89PNG\r\n\x1a\n" + bytes(99), "not a notebook"
        ),
        Sample("kim.docx", "kim", "an empty file", 0, b"", "empty"),
        Sample("lena.ipynb", "lena", "another day's notebook", 0, other.exercise.read_bytes(), confused),
        Sample(
            "milo.ipynb",
            "milo",
            "an editor dropped all metadata",
            book.all,
            book.notebook(book.right, edit=no_metadata),
        ),
        Sample("nora.ipynb", "nora", "a flood of output", book.all, book.notebook(book.right, last=_FLOOD)),
    ]


_FLOOD = "for _ in range(300_000):\n    print('a line of output that nobody will ever read')"


def _hostile(book: Answers) -> list[Sample]:
    agreeable = {name: _function(name, "return Agreeable()") for name in book.names}
    exits = {name: _function(name, "import os\nos._exit(0)") for name in book.names}

    def passing(cell: dict) -> None:
        """Every check says that all is well, and the setup is the learner's own."""
        if cell["id"].startswith("check-"):
            cell["source"] = "print('all checks passed')"
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "all checks passed\n"}]
        if cell["id"] == "setup":
            cell["source"] += "\ncheck = lambda task: print('passed')"

    return [
        Sample("olaf.ipynb", "olaf", "prints results that it does not have", 0, book.notebook({}, FORGERY, FORGERY)),
        Sample(
            "pia.ipynb", "pia", "patches assert and every comparison", 0, book.notebook(agreeable, PATCHES, PATCHES)
        ),
        Sample(
            "quin.ipynb",
            "quin",
            "exits at import",
            0,
            book.notebook({}, "import sys\nsys.exit(0)", "import os\nos._exit(0)"),
        ),
        Sample("rosa.ipynb", "rosa", "exits when it is called", 0, book.notebook(exits)),
        Sample("sven.ipynb", "sven", "reads the files beside it", 0, book.notebook({}, THIEF, THIEF)),
        Sample("tess.ipynb", "tess", "rewrites setup and checks", 0, book.notebook({}, edit=passing)),
        Sample(
            "wim.zip",
            "wim",
            "hands in nothing in ada's name",
            0,
            book.submitted("ada", book.notebook({})),
            "whose it is",
        ),
        Sample("ulf.zip", "ulf", "a zip that unpacks to 256 MB", 0, _bomb(), "MB"),
        Sample(
            "vera.zip", "vera", "a zip with a path to elsewhere", 0, _archive({"../../vera.ipynb": b"{}"}), "leads out"
        ),
    ]


def _archive(members: dict[str, bytes]) -> bytes:
    return submissions.pack(members)


def _bomb(size: int = 2**28, block: int = 2**24) -> bytes:
    """A zip whose one notebook is `size` bytes of nothing, made without ever holding them."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("ulf.ipynb", "w") as member:
        for _ in range(size // block):
            member.write(bytes(block))
    return buffer.getvalue()


if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "sample-class")
    made = sample_class()
    write_class(made, target)
    print(f"{target}: {len(made)} submissions.")
