"""The learner's copy of the course: what is handed out, proven to hold no solution, hidden test or answer.

Only what is listed in `LEARNER` is copied, so that a forgotten file of an instructor's never travels. Exercises are
cut afresh from their solutions. Before anything appears under its name, the finished copy is searched.
"""

import ast
import hashlib
import json
import os
import re
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from . import notebooks, syllabus
from .syllabus import Day

LEARNER = [
    "README.md",
    "GLOSSARY.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "LICENSE-lessons",
    "NOTICE",
    "Makefile",
    "install.py",
    "environment.yml",
    "pyproject.toml",
    "syllabus.toml",
    "docs",
    "notebooks",
    "exercises",
    "course_utils",
    "checkpoints",
    "corpora",
]
INSTRUCTOR = ["solutions", "recipes", "benchmarks", "tests", "examples"]
MARKER = ".course-release.json"
ZIP_FOLDER = "transformers-course"
_DEFAULT_TIME = 315_532_800  # 1 January 1980 UTC, the first moment that a zip can name
_BLOCK = re.compile(r"^[ \t]*### BEGIN SOLUTION[^\n]*\n(.*?)^[ \t]*### END SOLUTION", re.M | re.S)
_RUN = 3  # so many lines of a solution in a row are no accident
_LONG_RUN = 5  # in a lesson, which teaches the same calls
_TELLING = 25  # characters from which on a short solution as a whole tells something; one line alone does
_TELLING_LESSON = 120  # in a lesson
_LARGEST = 4_000_000  # bytes of a file that is no text and is searched all the same


class ReleaseError(RuntimeError):
    """A release that cannot or must not be made; nothing was written."""


@dataclass(frozen=True)
class Release:
    """What was released."""

    path: Path
    days: tuple[str, ...]
    files: int
    size: int  # bytes before packing
    secrets: int  # how many pieces of solutions, answers and hidden tests were searched for

    def __str__(self) -> str:
        """One line each: what is there, and what was proven."""
        return (
            f"{self.path}: {self.files} files, {self.size / 1e6:.1f} MB, {', '.join(self.days)}.\n"
            f"Searched for {self.secrets} pieces of solutions, known answers and hidden tests: none is inside."
        )


def release(out: str | Path, day: "str | int | Day | None" = None) -> Release:
    """Write the learner's copy of the course into a new folder, or into a zip where `out` ends in `.zip`.

    The same course gives the same bytes, times included (1 January 1980, or SOURCE_DATE_EPOCH). A folder or zip that
    an earlier release made is replaced in one step, unless somebody changed it since.

    Args:
        out: the folder or zip.
        day: only this day's lesson and exercise; all days that are ready otherwise.

    Raises:
        ReleaseError: something of a solution would be inside, or `out` is somebody's work, or it cannot be written.
        SyllabusError: no such day.
    """
    out = Path(out)
    chosen = [syllabus.day(day)] if day else [d for d in syllabus.days() if d.ready]
    root = syllabus.days()[0].root
    _check_source(root, chosen)
    _check_target(out, root)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".release-", dir=out.parent) as work:
            tree = Path(work) / ZIP_FOLDER
            _copy(root, chosen, tree)
            secrets = collect_secrets(syllabus.days())
            _refuse(find_leaks(tree, secrets))
            files = _seal(tree)
            result = Release(
                out, tuple(d.slug for d in chosen), len(files), sum(f.stat().st_size for f in files), len(secrets)
            )
            _publish(tree, out, Path(work))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ReleaseError(
            f"{out} could not be written ({reason}): free some space or choose another folder."
        ) from error
    return result


def _check_source(root: Path, days: list[Day]) -> None:
    if not (root / "solutions").is_dir():
        raise ReleaseError("This copy of the course has no solutions/: release from the instructor's copy.")
    for day in days:
        if not day.lesson.exists() and not day.solution.exists():
            raise ReleaseError(f"Day {day.number} ({day.slug}) has no lesson and no exercise yet: nothing to release.")


def _check_target(out: Path, root: Path) -> None:
    """Refuse to write over anything that is not an untouched release."""
    place = out.resolve()
    if place == root or place in root.parents or any(place.is_relative_to(root / name) for name in LEARNER):
        raise ReleaseError(f"{out} is part of the course itself: choose another folder.")
    if out.suffix == ".zip":
        if out.exists() and not _is_release_zip(out):
            raise ReleaseError(f"{out} exists and was not made by a release: choose another name.")
    elif out.exists() and (not out.is_dir() or any(out.iterdir())):
        _check_untouched(out)


def _is_release_zip(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return f"{ZIP_FOLDER}/{MARKER}" in archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return False


def _check_untouched(folder: Path) -> None:
    try:
        made = json.loads((folder / MARKER).read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError):
        raise ReleaseError(f"{folder} is not empty and was not made by a release: choose another folder.") from None
    for path in _files(folder):
        name = path.relative_to(folder).as_posix()
        if name != MARKER and made.get(name) != _sha256(path):
            raise ReleaseError(
                f"{folder} holds {name}, which was added or changed since its release: choose another folder."
            )


# --- copying ----------------------------------------------------------------------------------------------------


def _copy(root: Path, days: list[Day], tree: Path) -> None:
    """Copy what learners get, and cut the exercises from their solutions."""
    kept = {day.slug for day in days}
    for name in LEARNER:
        source = root / name
        for path in _files(source) if source.is_dir() else [source] * source.exists():
            relative = path.relative_to(root)
            if _travels(relative, kept):
                _copy_file(path, tree / relative)
    for day in (d for d in days if d.solution.exists()):
        target = tree / day.exercise.relative_to(day.root)
        target.parent.mkdir(parents=True, exist_ok=True)
        notebooks.write(notebooks.generate_exercise(notebooks.read(day.solution)), target)


def _travels(relative: Path, kept: set[str]) -> bool:
    """Whether a file goes along: no caches, no hidden files, of the days only those that are kept."""
    if any(part.startswith(".") or part == "__pycache__" or part.endswith(".egg-info") for part in relative.parts):
        return False
    if relative.parts[0] not in ("notebooks", "exercises"):
        return True
    slug = relative.stem.removeprefix("test_")
    return slug in kept if slug in {day.slug for day in syllabus.days()} else relative.parts[0] == "notebooks"


def _copy_file(path: Path, target: Path) -> None:
    if path.is_symlink():
        raise ReleaseError(f"{path} is a link, and a release holds files only: replace it by what it points to.")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, target)
    target.chmod(0o755 if path.stat().st_mode & stat.S_IXUSR else 0o644)


def _seal(tree: Path) -> list[Path]:
    """Write the list of files with their SHA-256, and give everything the same time; returns the files."""
    sums = {path.relative_to(tree).as_posix(): _sha256(path) for path in _files(tree)}
    marker = tree / MARKER
    marker.write_text(json.dumps({"files": sums}, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    marker.chmod(0o644)
    for parent, _, names in os.walk(tree, topdown=False):
        for path in [*(Path(parent) / name for name in names), Path(parent)]:
            os.utime(path, (_time(), _time()))
    return _files(tree)


def _publish(tree: Path, out: Path, work: Path) -> None:
    """Put the finished copy in its place in one step."""
    if out.suffix == ".zip":
        packed = work / "release.zip"
        _pack(tree, packed)
        os.replace(packed, out)
        return
    if out.exists():
        out.rename(work / "before")  # goes with the working folder
    try:
        tree.rename(out)
    except OSError:
        if (work / "before").exists():
            (work / "before").rename(out)
        raise


def _pack(tree: Path, target: Path) -> None:
    """Write the zip. Nothing is packed: what a packer makes of a file differs from one build of zlib to the next."""
    import time

    with zipfile.ZipFile(target, "w") as archive:
        for path in _files(tree):
            name = PurePosixPath(ZIP_FOLDER, path.relative_to(tree).as_posix())
            info = zipfile.ZipInfo(str(name), time.gmtime(max(_time(), _DEFAULT_TIME))[:6])
            info.create_system = 3
            info.external_attr = (stat.S_IFREG | stat.S_IMODE(path.stat().st_mode)) << 16
            archive.writestr(info, path.read_bytes())


def _files(folder: Path) -> list[Path]:
    """Every file below a folder, in an order that is the same everywhere."""
    found = (Path(parent) / name for parent, _, names in os.walk(folder) for name in names)
    return sorted(found, key=lambda path: path.relative_to(folder).as_posix())


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _time() -> int:
    return int(os.environ.get("SOURCE_DATE_EPOCH", _DEFAULT_TIME))


# --- the proof --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Secret:
    """A piece of the instructor's side that must not be in a learner's copy.

    `lines` are lines of code that betray it when they stand in a row; `text` betrays it wherever it stands.
    """

    what: str  # "the solution of classify_texts"
    lines: tuple[str, ...] = ()
    text: str = ""
    only: tuple[str, ...] = field(default=())  # top folders in which `text` is looked for; all of them if empty


def collect_secrets(days: Iterable[Day]) -> list[Secret]:
    """Everything that a learner's copy must not hold: solutions, known answers, hidden tests and their data."""
    secrets = []
    for day in days:
        if day.solution.exists():
            secrets += [*_solution_secrets(day), *_answer_secrets(day)]
        if day.hidden_tests.exists():
            secrets += _test_secrets(day)
    return secrets


def _solution_secrets(day: Day) -> Iterator[Secret]:
    for task, cell in notebooks.tasks(notebooks.read(day.solution)).items():
        for block in _BLOCK.findall(cell.source):
            yield Secret(f"the solution of {task} ({day.slug})", lines=tuple(code_lines(block)))


def _answer_secrets(day: Day) -> Iterator[Secret]:
    """Known answers, less the lines that every answer cell has; of a wrong one also what the exercise shows to mend."""
    solution = notebooks.read(day.solution)
    cells = notebooks.tasks(solution)
    shown = {line for cell in notebooks.generate_exercise(solution).cells for line in code_lines(cell.source)}
    for path in sorted(day.answers.rglob("*.py")):
        cell = cells.get(path.parent.name)
        given = set(code_lines(notebooks.cut_solution(cell.source))) if cell else set()
        given |= shown if path.name.startswith("wrong_") else set()
        lines = tuple(line for line in code_lines(path.read_text(encoding="utf-8")) if line not in given)
        if path.name.startswith("right_") or len(lines) >= _RUN:
            yield Secret(f"the known answer {path.parent.name}/{path.name} ({day.slug})", lines=lines)


def _test_secrets(day: Day) -> Iterator[Secret]:
    """The names of hidden tests, and the texts they try, as far as the public tests do not have them."""
    hidden = ast.parse(day.hidden_tests.read_text(encoding="utf-8"))
    public = ast.parse(day.public_tests.read_text(encoding="utf-8") if day.public_tests.exists() else "")
    for name in sorted(_functions(hidden) - _functions(public)):
        yield Secret(f"the hidden test {name} ({day.slug})", text=name)
    for text in sorted(_data(hidden) - _data(public)):
        yield Secret(f"data of a hidden test ({day.slug})", text=text, only=("notebooks", "exercises"))


def _functions(tree: ast.Module) -> set[str]:
    return {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name.startswith("test")}


def _data(tree: ast.Module) -> set[str]:
    """Texts of a test file that are no docstring and no hint, long enough not to be there by accident."""
    shown = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    hints = [n.msg for n in ast.walk(tree) if isinstance(n, ast.Assert) and n.msg]
    hints += [n.value for n in ast.walk(tree) if isinstance(n, ast.keyword) and n.arg == "hint"]
    hints += [n.value for n in ast.walk(tree) if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "hint"]
    shown |= {id(part) for hint in hints for part in ast.walk(hint)}
    texts = (n for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str))
    return {n.value for n in texts if id(n) not in shown and len(n.value) >= _TELLING}


def code_lines(source: str) -> list[str]:
    """The lines of a source that say something, without white space that says nothing."""
    lines = (" ".join(line.split()) for line in source.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def find_leaks(tree: Path, secrets: Iterable[Secret]) -> list[str]:
    """What a learner's copy holds that it must not, a sentence each; empty when it is clean.

    In exercises three lines of a solution in a row are a leak, elsewhere, where lessons teach the same calls, five;
    a solution that is shorter is one as a whole. Pictures and weights are searched for what would be readable in them.
    """
    secrets = list(secrets)
    leaks = []
    for path in _files(tree):
        name = path.relative_to(tree)
        if name.parts[0] in INSTRUCTOR:
            leaks.append(f"{name.as_posix()} is the instructor's")
        text = _text(path)
        if text is None:
            continue
        if path.suffix == ".ipynb" and re.search(r"### (?:BEGIN|END) SOLUTION", text):
            leaks.append(f"{name.as_posix()} has a solution marker")
        leaks += [f"{name.as_posix()} holds {secret.what}" for secret in _found(secrets, text, name.parts[0])]
    return leaks


def _found(secrets: list[Secret], text: str, folder: str) -> Iterator[Secret]:
    lines = code_lines(text)
    places: dict[str, list[int]] = {}
    for place, line in enumerate(lines):
        places.setdefault(line, []).append(place)
    for secret in secrets:
        if secret.text and folder in (secret.only or (folder,)) and secret.text in text:
            yield secret
        elif secret.lines and not places.keys().isdisjoint(secret.lines):
            run, telling = (_RUN, _TELLING) if folder == "exercises" else (_LONG_RUN, _TELLING_LESSON)
            if _has_run(lines, places, secret.lines, run, telling):
                yield secret


def _has_run(lines: list[str], places: dict[str, list[int]], secret: tuple[str, ...], run: int, telling: int) -> bool:
    """Whether `run` lines of a secret stand in a row among `lines`, or all of a shorter one of `telling` characters.

    `places` says where each line stands, so that a long file is not read once for every secret.
    """
    if len(secret) < run:
        if sum(map(len, secret)) < telling:
            return False
        run = len(secret)
    windows = (secret[start : start + run] for start in range(len(secret) - run + 1))
    return any(tuple(lines[at : at + run]) == window for window in windows for at in places.get(window[0], ()))


def _text(path: Path) -> str | None:
    """A file's text; of a notebook the text of its cells and outputs; None for what is large and no text."""
    data = path.read_bytes()
    try:
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1") if len(data) <= _LARGEST else None
    if path.suffix != ".ipynb":
        return text
    return "\n".join(_strings(json.loads(text)))


def _strings(value: object) -> Iterator[str]:
    """All texts in a JSON value; a list of lines is one text."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        if value and all(isinstance(item, str) for item in value):
            yield "".join(value)
        else:
            for inner in value:
                yield from _strings(inner)


def _refuse(leaks: list[str]) -> None:
    if leaks:
        more = f" and {len(leaks) - 3} more" if len(leaks) > 3 else ""
        raise ReleaseError(f"Nothing was released: {'; '.join(leaks[:3])}{more}.")
