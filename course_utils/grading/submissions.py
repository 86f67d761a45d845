"""Submissions: what `course submit` writes and what grading reads back, as hostile input.

A submission is one zip with the notebook as the learner saved it and a manifest. A bare notebook is graded as well.
"""

import ast
import hashlib
import io
import json
import os
import re
import threading
import warnings
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path, PurePosixPath

from .. import syllabus
from ..syllabus import Day
from . import collected, untrusted
from .files import in_words, printable, slug, write_whole
from .untrusted import SubmissionProblem

MANIFEST = "manifest.json"
# CPython 3.11 counts the depth of all threads' syntax trees in one place, and may call that a SystemError (gh-106905).
_ONE_AT_A_TIME = threading.Lock()
_PARSE = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT  # as a notebook's cell is parsed
_EPOCH = (1980, 1, 1, 0, 0, 0)  # a zip's own times say nothing: the manifest has the time


class SubmitError(ValueError):
    """A submission that cannot be made at all; the message says what to do."""


@dataclass(frozen=True)
class SubmissionReport:
    """What `submit` found and wrote.

    `path` is None when an error kept the submission from being written; an earlier one is untouched then.
    """

    day: Day
    student: str
    path: Path | None
    contents: tuple[tuple[str, int], ...] = ()
    answered: tuple[str, ...] = ()
    unanswered: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the submission was written."""
        return self.path is not None

    def lines(self) -> list[str]:
        """The report in plain sentences, errors first."""
        if not self.ok:
            return [*self.errors, "Nothing was written; an earlier submission is untouched.", *self.warnings]
        files = ", ".join(f"{name} ({size / 1000:,.1f} kB)" for name, size in self.contents)
        tasks = len(self.answered) + len(self.unanswered) + len(self.missing)
        return [
            f"{self.path} holds {files}.",
            f"Day {self.day.number}, {self.student}: {len(self.answered)} of {tasks} tasks answered.",
            *self.warnings,
        ]


@dataclass(frozen=True)
class Submission:
    """One submission, read and bounded: `notebook` is a plain nbformat 4 notebook as UTF-8 JSON, without outputs."""

    path: Path
    student: str
    day: Day
    notebook: bytes
    sha256: str  # of the notebook as it was submitted
    submitted: datetime | None = None  # UTC, by the learner's own clock
    notes: tuple[str, ...] = ()
    doubtful: bool = False  # the manifest names somebody whom the file name does not


# --- what both sides know about a day ---------------------------------------------------------------------------


@cache
def tasks(day: Day) -> tuple[str, ...]:
    """The tasks of a day in their order, as its public tests name them (a learner edits the notebook, not these).

    Raises:
        SubmitError: the day has no exercise in this copy of the course.
    """
    try:
        tree = ast.parse(day.public_tests.read_text(encoding="utf-8"))
    except OSError:
        raise SubmitError(f"Day {day.number} ({day.slug}) has no exercise in this copy of the course.") from None
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and _is_task_mark(node.func))
    names = sorted((call.lineno, call.args[0].value) for call in calls if call.args)
    return tuple(dict.fromkeys(name for _, name in names))


def _is_task_mark(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "task" and ast.unparse(node.value) == "pytest.mark"


def answer_cells(notebook: dict, names: Iterable[str]) -> dict[str, tuple[int, dict]]:
    """For each task found in a notebook its answer cell and that cell's number, counted from 1.

    A cell is known by nbgrader's metadata, else by its id, else by the function that it defines: some editors
    drop the one or the other.
    """
    found = _named_cells(notebook)
    return {name: found[name] for name in names if name in found}


def _named_cells(notebook: dict) -> dict[str, tuple[int, dict]]:
    """Every name that a code cell goes by; a better reason to carry a name wins, then the first cell."""
    cells = [(n, cell) for n, cell in enumerate(notebook["cells"], start=1) if cell["cell_type"] == "code"]
    found: dict[str, tuple[int, dict]] = {}
    for names_of in (_marked, _identified, _defined):
        for number, cell in cells:
            for name in names_of(cell):
                found.setdefault(name, (number, cell))
    return found


def _marked(cell: dict) -> list[str]:
    nbgrader = cell["metadata"].get("nbgrader", {})
    return [nbgrader["grade_id"]] if nbgrader.get("solution") and "grade_id" in nbgrader else []


def _identified(cell: dict) -> list[str]:
    return [cell["id"]]


def _defined(cell: dict) -> list[str]:
    return re.findall(r"^(?:async[ \t]+)?def[ \t]+(\w+)", cell["source"], re.M)


def edition(notebook: dict) -> str:
    """SHA-256 of the locked cells: equal for every learner who left them alone, new when the exercise changes."""
    locked = [(c["id"], c["source"]) for c in notebook["cells"] if c["metadata"].get("nbgrader", {}).get("locked")]
    return hashlib.sha256(json.dumps(locked).encode()).hexdigest()


def course_version() -> str:
    """The installed version of the course."""
    return metadata.version("transformers-course")


# --- the learner's side -----------------------------------------------------------------------------------------


def submit(
    day: "str | int | Day", student: str, out_dir: str | Path, notebook: str | Path | None = None
) -> SubmissionReport:
    """Check a learner's exercise and write it as one zip, in one step.

    A task without an answer is a warning. An answer that is no valid Python is an error that names the cell; the
    zip is not written then, and an earlier one stays as it is.

    Args:
        day: slug, short name or number.
        student: the learner's name as the instructor knows it.
        out_dir: folder for `<day>-<student>.zip`.
        notebook: the exercise notebook; by default the one of this copy of the course.

    Raises:
        SubmitError: no such notebook, it is no notebook at all, no name, or the folder cannot be written.
        SyllabusError: no such day.
    """
    day = syllabus.day(day)
    tasks(day)  # is there an exercise at all?
    path = Path(notebook) if notebook else day.exercise
    student = clean_student(student)
    data, plain = _own_notebook(path, day)
    report = _examine(plain, SubmissionReport(day, student, None))
    if report.errors:
        return report
    manifest = _manifest(day, student, data, plain)
    members = {f"{day.slug}.ipynb": data, MANIFEST: manifest}
    target = Path(out_dir) / f"{day.slug}-{slug(student)}.zip"
    try:
        write_whole(target, pack(members))
    except OSError as error:
        raise SubmitError(in_words(error, target)) from error
    return replace(report, path=target, contents=tuple((name, len(member)) for name, member in members.items()))


def clean_student(name: str) -> str:
    """A learner's name on one line, with nothing invisible.

    Raises:
        SubmitError: nothing is left of it.
    """
    cleaned = printable(name)
    if not cleaned:
        raise SubmitError("Whose submission is it? Give your name, for example --student 'Ada Lovelace'.")
    return cleaned


def _own_notebook(path: Path, day: Day) -> tuple[bytes, dict]:
    """The learner's notebook, as the bytes that are sent and as plain cells."""
    if not path.exists():
        raise SubmitError(f"There is no notebook {path}: say where it is with --notebook.")
    try:
        data = untrusted.read_file(path)
        plain, _ = untrusted.read_notebook(data)
    except SubmissionProblem as problem:
        raise SubmitError(f"{path.name}: {problem}") from None
    if not answer_cells(plain, tasks(day)):
        raise SubmitError(
            f"{path.name} has none of the tasks of Day {day.number} ({', '.join(tasks(day))}): is it another day's?"
        )
    return data, plain


def _examine(notebook: dict, report: SubmissionReport) -> SubmissionReport:
    from ..notebooks import STUB  # nbformat is slow to import, and grading needs none of it here

    names = tasks(report.day)
    found = answer_cells(notebook, names)
    unanswered = tuple(name for name, (_, cell) in found.items() if STUB in cell["source"])
    missing = tuple(name for name in names if name not in found)
    broken = _syntax_errors(notebook)
    owners = {number: name for name, (number, _) in found.items()}
    warnings = [f"Task {name} is not answered yet: its cell still raises NotImplementedError." for name in unanswered]
    warnings += [f"Task {name} has no cell: copy it from the exercise if you want its points." for name in missing]
    warnings += [f"Cell {n}: {what}; it belongs to no task." for n, what in broken.items() if n not in owners]
    errors = [f"Cell {n} (task {owners[n]}): {what}." for n, what in broken.items() if n in owners]
    answered = tuple(name for name in found if name not in unanswered)
    return replace(
        report,
        answered=answered,
        unanswered=unanswered,
        missing=missing,
        warnings=tuple(warnings),
        errors=tuple(errors),
    )


def _syntax_errors(notebook: dict) -> dict[int, str]:
    """Cell number -> what is wrong with its Python; magics and shell lines are IPython's and allowed."""
    from IPython.core.inputtransformer2 import TransformerManager

    broken = {}
    for number, cell in enumerate(notebook["cells"], start=1):
        if cell["cell_type"] != "code" or cell["source"].lstrip().startswith("%%"):
            continue
        try:
            with warnings.catch_warnings(action="ignore"):  # an odd escape in a string is no error
                compile(TransformerManager().transform_cell(cell["source"]), "cell", "exec", _PARSE)
        except SyntaxError as error:
            broken[number] = f"syntax error on line {error.lineno}: {error.msg}"
        except (ValueError, RecursionError, MemoryError) as error:
            broken[number] = f"no valid Python ({printable(str(error), 80) or type(error).__name__})"
    return broken


def _manifest(day: Day, student: str, data: bytes, plain: dict) -> bytes:
    manifest = {
        "student": student,
        "day": day.slug,
        "submitted": datetime.now(UTC).isoformat(timespec="seconds"),
        "course_version": course_version(),
        "notebook_sha256": hashlib.sha256(data).hexdigest(),
        "exercise_sha256": edition(plain),
    }
    return (json.dumps(manifest, indent=2, ensure_ascii=False) + "\n").encode("utf-8", "replace")


def pack(members: dict[str, bytes]) -> bytes:
    """A zip of the given members, the same bytes for the same members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            info.create_system = 3  # the same bytes on Windows
            archive.writestr(info, data)
    return buffer.getvalue()


# --- the instructor's side --------------------------------------------------------------------------------------


def read_submission(path: str | Path, day: "str | int | Day | None" = None, data: bytes | None = None) -> Submission:
    """Read a zip or a notebook that a stranger made.

    The student is the one the manifest names, else the file name. The day is the one whose tasks the notebook has;
    what the manifest says is noted when it differs.

    Args:
        path: the file.
        day: the day that is graded; None to recognise it.
        data: what is in the file, where it was read before.

    Raises:
        SubmissionProblem: with one sentence, whatever is wrong with the file.
    """
    path = Path(path)
    wanted = None if day is None else syllabus.day(day)
    try:
        with _ONE_AT_A_TIME:
            return _read(path, untrusted.read_file(path) if data is None else data, wanted)
    except SubmissionProblem:
        raise
    except MemoryError:
        raise SubmissionProblem("The file is too large to read: clear its outputs and send it again.") from None
    except Exception as error:  # a hole in the reading above is this learner's line, never the end of a batch
        raise SubmissionProblem(f"The file cannot be read as a submission ({type(error).__name__}).") from error


def _read(path: Path, data: bytes, wanted: Day | None) -> Submission:
    notes: list[str] = []
    manifest: dict = {}
    if data.startswith(b"PK") or path.suffix.lower() == ".zip":
        archive = untrusted.Archive(data)
        manifest = _read_manifest(archive, notes)
        data = archive.read(_notebook_name(archive, wanted), untrusted.NOTEBOOK_BYTES)
    sha256 = hashlib.sha256(data).hexdigest()
    if manifest.get("notebook_sha256", sha256) != sha256:
        notes.append("The notebook is not the one that the manifest describes: it was changed after `course submit`.")
    plain, mended = untrusted.read_notebook(data)
    day = _day_of(plain, wanted)
    student = printable(manifest.get("student", "")) or student_from_path(path, day)
    doubtful = bool(manifest) and not _agree(path, student)
    notes += mended
    if manifest.get("day", day.slug) != day.slug:
        notes.append(f"The manifest says {printable(manifest['day'], 60)}, the notebook is that of {day.slug}.")
    if doubtful:
        notes.append(f"The manifest names {student}, the file name does not: check whose it is.")
    clean = json.dumps(plain, ensure_ascii=False).encode()
    return Submission(path, student, day, clean, sha256, _time(manifest), tuple(notes), doubtful)


def _read_manifest(archive: untrusted.Archive, notes: list[str]) -> dict[str, str]:
    """The manifest's texts; a manifest that cannot be read is a note, since the notebook can still be graded."""
    if MANIFEST not in archive.names():
        return {}
    try:
        text, _ = untrusted.decode(archive.read(MANIFEST, untrusted.MANIFEST_BYTES))
        entries = json.loads(text)
        return {key: value for key, value in entries.items() if isinstance(value, str) and len(value) <= 1000}
    except (SubmissionProblem, ValueError, RecursionError, AttributeError):
        notes.append("The manifest cannot be read; name and time were taken from the file.")
        return {}


def _notebook_name(archive: untrusted.Archive, wanted: Day | None) -> str:
    """The one notebook of an archive.

    Raises:
        SubmissionProblem: there is none, or there are several and none has the day's name.
    """
    names = [name for name in archive.names() if name.lower().endswith(".ipynb")]
    named = [name for name in names if PurePosixPath(name).stem in _slugs(wanted)]
    if len(names) == 1 or len(named) == 1:
        return (named or names)[0]
    if names:
        shown = ", ".join(printable(name, 60) for name in names[:3])
        raise SubmissionProblem(f"The zip holds {len(names)} notebooks ({shown}): send the one of the exercise.")
    if any(name.lower().endswith(".zip") for name in archive.names()):
        raise SubmissionProblem("The zip holds another zip and no notebook: send the inner one.")
    raise SubmissionProblem("The zip holds no notebook: make it with `course submit`.")


def _slugs(wanted: Day | None) -> set[str]:
    return {day.slug for day in ([wanted] if wanted else syllabus.days())}


def _day_of(notebook: dict, wanted: Day | None) -> Day:
    """The day whose tasks a notebook has.

    Raises:
        SubmissionProblem: it has none of the wanted day's (or, without one, of any day's).
    """
    names = _named_cells(notebook)
    days = dict.fromkeys([*([wanted] if wanted else []), *syllabus.days()])
    counts = {day: sum(task in names for task in tasks(day)) for day in days if day.public_tests.exists()}
    best = max(counts, key=counts.get, default=None)
    if wanted and counts.get(wanted):
        return wanted
    if best is None or not counts[best]:
        which = f"of Day {wanted.number} " if wanted else ""
        raise SubmissionProblem(f"The notebook has none of the tasks {which}in it: send the exercise itself.")
    if wanted:
        raise SubmissionProblem(
            f"This is the exercise of Day {best.number}, not of Day {wanted.number}: send the right one."
        )
    return best


def student_from_path(path: Path, day: Day | None = None) -> str:
    """A learner's name from a file name: `day01_pipelines-ada-lovelace.zip` -> `ada-lovelace`.

    Where the file has only the day's name, as in `ada/day01_pipelines.ipynb`, the folder has the learner's.
    """
    slugs = "|".join(map(re.escape, _slugs(day)))
    name = re.sub(rf"(?:{slugs})", "", path.stem).strip(" -_.") or path.parent.name
    return printable(name) or "unnamed"


def _agree(path: Path, student: str) -> bool:
    """Whether a file's name, or its folder's, has the learner's name in it."""
    return slug(student) in slug(path.stem, 500) or slug(student) in slug(path.parent.name, 500)


def _time(manifest: dict) -> datetime | None:
    try:
        time = datetime.fromisoformat(manifest.get("submitted", ""))
        return time.replace(tzinfo=time.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def find_submissions(folder: str | Path) -> list[Path]:
    """Every file of a folder that somebody may have meant as a submission, in a stable order.

    In a subfolder (one a learner, as many systems deliver them) only notebooks and zips count, unless there are
    none: what a learner handed in always gets a line.

    Raises:
        SubmitError: there is no such folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise SubmitError(f"There is no folder {folder}: give the one that holds the submissions.")
    children = sorted(path for path in folder.iterdir() if not untrusted.is_clutter(Path(path.name)))
    children = [path for path in children if path.name != collected.MANIFEST]
    found = []
    for child in children:
        files = _files_below(child) if child.is_dir() and not child.is_symlink() else [child]
        meant = [file for file in files if file.suffix.lower() in (".zip", ".ipynb")]
        found += files if files == [child] else meant or files
    return found


def _files_below(folder: Path) -> list[Path]:
    paths = (Path(parent) / name for parent, _, names in os.walk(folder) for name in names)
    return sorted(path for path in paths if not untrusted.is_clutter(path.relative_to(folder)))
