"""What the school's system gives as a download, taken apart: whose each file is, as far as its name says so.

Nothing is unpacked: a zip that holds a class is read in place, member by member, each up to a limit. Names come from
strangers; a file whose name leads out of its zip is refused and its neighbours are kept.

How the systems name files, each read from its own documentation or source:

- Canvas, `lovelaceada_LATE_4711_99_day01.ipynb`: the sortable name without what is no letter, LATE where it is late,
  the user's id, the attachment's id, the learner's own name (with `-1`, `-2` where it was handed in again under one
  name); `anon_…` in place of the name for anonymous grading; typed text ends in `_text.html`, an address in
  `_link.html`. Source: canvas-lms, lib/content_zipper.rb.
- Moodle, `Ada Lovelace_123_assignsubmission_file/day01.ipynb` (also with a closing underscore, or in one file name
  without folders): full name, the participant's id in this assignment, plug-in. Source: moodle, mod/assign/classes/
  downloader.php; https://docs.moodle.org/en/Assignment_activity.
- Gradescope: `submission_metadata.yml` beside one folder a submission; it has names, student ids, email addresses and
  the time of receipt. Source: https://gradescope-autograders.readthedocs.io/en/latest/submission_metadata/ for the
  fields, and the export itself for the Ruby spelling of its keys (`:submitters`).
- GitHub Classroom: `gh classroom clone student-repos` makes `<assignment>-submissions/<assignment>-<username>/`.
  Source: https://docs.github.com/en/education/manage-coursework-with-github-classroom/teach-with-github-classroom/
  using-github-classroom-with-github-cli.
"""

import io
import os
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path, PurePosixPath

from . import untrusted
from .files import printable
from .roster import Roster, fold
from .untrusted import SubmissionProblem

FILE_BYTES = 256 * 2**20  # of one file; grading judges what is smaller, and says so on the learner's line
MEMBERS = 100_000  # of one download
DEPTH = 3  # zips in zips
NEVER = 1_000_000  # deeper than any folder

METADATA = "submission_metadata.yml"
_CANVAS = re.compile(
    r"(?:(?P<name>\w+?)_)?(?P<late>LATE_)?(?:(?P<user>\d+)|anon_(?P<anonymous>\w{5}))"
    r"_(?:(?P<file>\d+)_(?P<own>.+)|(?P<typed>(?:text|link)\.html))",
    re.S,
)
_MOODLE = re.compile(r"(?P<name>.+?)_(?P<participant>\d+)_assignsubmission_(?P<plugin>[a-z]+)(?:_(?P<own>.*))?", re.S)
_SUBMISSIONS = "-submissions"


@dataclass(frozen=True)
class File:
    """One file of a download."""

    container: str  # the folder or zip that it is in, as the instructor sees it
    path: PurePosixPath  # in the container
    read: Callable[[], bytes] = field(repr=False, compare=False)
    modified: float | None = None  # seconds since 1970, by whoever made the container
    notes: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """Where it is, in words."""
        return printable(f"{self.container}/{self.path}" if self.container else str(self.path), 300)


@dataclass(frozen=True)
class Unplaced:
    """Something that nobody can be given, and why."""

    name: str
    reason: str

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}"


@dataclass(frozen=True)
class Who:
    """A learner as a system knows them; `name` is "" where only identifiers are known."""

    name: str = ""
    identifiers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Handed:
    """One file that a system says somebody handed in. `who` is None where only the file itself may say whose it is."""

    system: str  # canvas, moodle, gradescope, classroom or files
    file: File
    own: str  # the name that the learner gave it
    who: Who | None = None
    late: bool | None = None
    received_at: datetime | None = None
    order: int = 0
    typed: bool = False  # text typed into a form of the system


# --- the files --------------------------------------------------------------------------------------------------


def open_downloads(place: Path, stack: ExitStack, roster: Roster | None = None) -> tuple[list[File], list[Unplaced]]:
    """Every file below a folder, or in one zip, zips that hold a class opened; and what was refused.

    Args:
        place: the folder or zip.
        stack: keeps opened zips open as long as files are read from them.
        roster: helps to see GitHub Classroom's folders.
    """
    found, refused = [], []
    paths = _walk(place, refused) if place.is_dir() else [place]
    for path in paths:
        name = path.name if path == place else _posix(path.relative_to(place))
        holder = place.resolve().name if place.is_dir() else ""
        file = File(holder, PurePosixPath(name), partial(untrusted.read_file, path, FILE_BYTES), _modified(path))
        members = _class_in(file, path, stack, refused, 1) if path.suffix.lower() == ".zip" else None
        found += [file] if members is None else members
    return found, refused


def _walk(folder: Path, refused: list[Unplaced]) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names + [name for name in folders if (Path(parent) / name).is_symlink()]):
            path = Path(parent) / name
            if untrusted.is_clutter(path.relative_to(folder)):
                continue
            if path.is_symlink():
                shown = printable(_posix(path.relative_to(folder)), 300)
                refused.append(Unplaced(shown, "a link, and links are not followed: put the file itself there."))
            else:
                yield path


def _posix(path: Path) -> str:
    return unicodedata.normalize("NFC", path.as_posix())


def _modified(path: Path) -> float | None:
    try:
        return path.lstat().st_mtime
    except OSError:
        return None


def _class_in(
    file: File, source: Path | io.BytesIO, stack: ExitStack, refused: list[Unplaced], depth: int
) -> list[File] | None:
    """The files of a zip that holds several learners' work; None for any other file, which is somebody's submission."""
    try:
        archive = zipfile.ZipFile(source)
        infos = [info for info in archive.infolist() if not info.is_dir()]
    except Exception:  # a damaged one is somebody's submission, and grading says what is wrong with it
        return None
    stack.enter_context(archive)
    if len(infos) > MEMBERS:
        refused.append(Unplaced(file.shown, f"holds more than {MEMBERS:,} files: unpack it."))
        return []
    problems: list[Unplaced] = []
    members = [member for info in infos if (member := _member(file, archive, info, problems))]
    inner = [member for member in members if member.path.suffix.lower() == ".zip"] if depth < DEPTH else []
    if holds_class((member.path for member in members), file.path.name):
        refused += problems
        return members
    opened = {member: _inner_class(member, stack, refused, depth) for member in inner}
    if any(found is not None for found in opened.values()):  # several downloads, packed once more
        refused += problems
        return [found for member in members for found in (opened.get(member) or [member])]
    return None


def _inner_class(file: File, stack: ExitStack, refused: list[Unplaced], depth: int) -> list[File] | None:
    try:
        return _class_in(file, io.BytesIO(file.read()), stack, refused, depth + 1)
    except SubmissionProblem:
        return None


def _member(holder: File, archive: zipfile.ZipFile, info: zipfile.ZipInfo, problems: list[Unplaced]) -> File | None:
    name, notes = member_name(info)
    try:
        path = PurePosixPath(untrusted.plain_name(info, name))
    except SubmissionProblem:
        reason = "its name leads out of the zip, or it is a link; it was not read."
        problems.append(Unplaced(f"{holder.shown}/{printable(name, 200)}", reason))
        return None
    if untrusted.is_clutter(path):
        return None
    made = datetime(*_in_calendar(info.date_time)).timestamp()
    return File(holder.shown, path, partial(untrusted.read_member, archive, info, FILE_BYTES), made, notes)


def _in_calendar(time: tuple) -> tuple:
    """A zip's time, which may be any number."""
    try:
        datetime(*time)
    except ValueError:
        return (1980, 1, 1)
    return time


def member_name(info: zipfile.ZipInfo) -> tuple[str, tuple[str, ...]]:
    """A member's name as its maker wrote it (NFC), and a note where that is not certain.

    Names are UTF-8 where the zip says so or carries Info-ZIP's Unicode Path; else they ought to be code page 437, yet
    many programs write UTF-8 without saying so, which other code pages hardly ever look like by accident.
    Source: PKWARE, APPNOTE.TXT, 4.4.4 (bit 11) and 4.6.9 (0x7075).
    """
    if info.flag_bits & 0x800:
        return unicodedata.normalize("NFC", info.filename), ()
    raw = info.orig_filename.encode("cp437", "replace")
    if named := _unicode_path(info.extra, raw):
        return unicodedata.normalize("NFC", named), ()
    try:
        return unicodedata.normalize("NFC", raw.decode("utf-8").split("\0")[0]), ()
    except UnicodeDecodeError:
        name = unicodedata.normalize("NFC", info.filename)
        return name, (f"The zip does not say how its names are written; this one was read as {printable(name, 80)}.",)


def _unicode_path(extra: bytes, raw: bytes) -> str:
    while len(extra) >= 4:
        kind, size = int.from_bytes(extra[:2], "little"), int.from_bytes(extra[2:4], "little")
        body, extra = extra[4 : 4 + size], extra[4 + size :]
        if kind == 0x7075 and body[:1] == b"\1" and int.from_bytes(body[1:5], "little") == zlib.crc32(raw):
            return body[5:].decode("utf-8", "ignore").split("\0")[0]
    return ""


def holds_class(paths: Iterable[PurePosixPath], holder: str = "") -> bool:
    """Whether the names in a zip (called `holder`) are those that a system gives to the work of a class."""
    paths = list(paths)
    return (
        any(path.name == METADATA for path in paths)
        or any(_MOODLE.fullmatch(part) for path in paths for part in path.parts)
        or any(_clone(path, holder)[1] for path in paths)
        or bool(_canvas_folders(paths))
    )


# --- whose they are ---------------------------------------------------------------------------------------------


def recognise(files: list[File], roster: Roster | None = None) -> Iterator[Handed | Unplaced]:
    """Say for each file who handed it in, by the naming of its system."""
    by_container: dict[str, list[File]] = {}
    for file in files:
        by_container.setdefault(file.container, []).append(file)
    for held in by_container.values():
        canvas = _canvas_folders([file.path for file in held])
        gradescope = _gradescope(held)
        for file in held:
            yield from _recognise(file, canvas, gradescope, roster)


def _recognise(file: File, canvas: set, gradescope: "dict[PurePosixPath, dict | Unplaced]", roster: Roster | None):
    """The outermost folder with a system's name decides: what is below it a learner may have called as they like."""
    depth, moodle = _moodle(file)
    clone_depth, clone = _clone(file.path, file.container, roster)
    folder = next((parent for parent in file.path.parents if parent in gradescope), None)
    depths = {
        "moodle": depth,
        "classroom": clone_depth,
        "gradescope": len(folder.parts) if folder is not None else NEVER,
    }
    system = min(depths, key=depths.get)
    if depths[system] == NEVER:
        system = ""
    if system == "moodle":
        yield moodle
    elif system == "gradescope":
        yield from _of_gradescope(file, folder, gradescope[folder])
    elif system == "classroom":
        yield Handed("classroom", file, file.path.name, Who(identifiers={"github": clone}))
    elif file.path.parent in canvas and (match := _CANVAS.fullmatch(file.path.name)):
        yield _of_canvas(file, match)
    elif file.path.suffix.lower() in (".zip", ".ipynb") or len(file.path.parts) > 1:
        yield Handed("files", file, file.path.name)
    else:
        yield Unplaced(file.shown, "neither a notebook nor a zip, and no system's name on it.")


def _canvas_folders(paths: Iterable[PurePosixPath]) -> set[PurePosixPath]:
    """The folders in which every notebook and zip is named as Canvas does it: one odd file may look so by accident."""
    groups: dict[PurePosixPath, list[bool]] = {}
    for path in paths:
        match = _CANVAS.fullmatch(path.name)
        named = bool(match) and (match["name"] or "") == (match["name"] or "").lower()
        if named or path.suffix.lower() in (".zip", ".ipynb"):
            groups.setdefault(path.parent, []).append(named)
    return {folder for folder, named in groups.items() if all(named)}


def _of_canvas(file: File, match: re.Match) -> Handed:
    known = {"canvas": match["user"]} if match["user"] else {"anonymous": match["anonymous"]}
    own = match["own"] or match["typed"]
    more = {"late": bool(match["late"]), "order": int(match["file"] or 0), "typed": bool(match["typed"])}
    return Handed("canvas", file, own, Who(match["name"] or "", known), **more)


def _moodle(file: File) -> tuple[int, Handed | None]:
    """How deep the folder is that Moodle named, and what it says."""
    for place, part in enumerate(file.path.parts):
        match = _MOODLE.fullmatch(part)
        if not match:
            continue
        inner = file.path.parts[place + 1 :]
        own = inner[-1] if inner else match["own"] or ""
        who = Who(printable(match["name"]), {"participant": match["participant"]})
        return place, Handed("moodle", file, own, who, typed=match["plugin"] != "file")
    return NEVER, None


def _clone(path: PurePosixPath, container: str, roster: Roster | None = None) -> tuple[int, str]:
    """How deep the Classroom clone is that a file is in, and its GitHub user name.

    The clone's parent ends in `-submissions`, or the roster has the user name after a hyphen.
    """
    parents = (PurePosixPath(container).name.removesuffix(".zip"), *path.parts)
    for place, (holder, clone) in enumerate(zip(parents, path.parts[:-1])):
        prefix = holder.removesuffix(_SUBMISSIONS) + "-"
        if holder.endswith(_SUBMISSIONS) and clone.casefold().startswith(prefix.casefold()) and clone[len(prefix) :]:
            return place, clone[len(prefix) :]
        ends = [clone[at + 1 :] for at, char in enumerate(clone) if char == "-"] if roster else []
        if found := next((end for end in ends if roster.find({"github": end})), ""):
            return place, found
    return NEVER, ""


def _gradescope(files: list[File]) -> "dict[PurePosixPath, dict | Unplaced]":
    """Folder -> what its `submission_metadata.yml` says, or why it cannot be read.

    One below another, or in a folder that another system named, is some learner's file and not read.
    """
    found: dict[PurePosixPath, dict | Unplaced] = {}
    for file in sorted(files, key=lambda one: len(one.path.parts)):
        inside = any(parent in found for parent in file.path.parents)
        if (
            file.path.name == METADATA
            and not inside
            and not _moodle(file)[1]
            and not _clone(file.path, file.container)[1]
        ):
            try:
                found[file.path.parent] = _plain_yaml(file.read())
            except Exception as error:  # whatever a parser of YAML may find
                reason = f"cannot be read ({type(error).__name__}): export the submissions from Gradescope again."
                found[file.path.parent] = Unplaced(file.shown, reason)
    return found


def _plain_yaml(data: bytes) -> dict:
    """Gradescope's YAML as plain data, keys without Ruby's colon; tags of Ruby's classes are ignored."""
    import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        """Safe, untroubled by tags, and without merging, by which a few lines become billions."""

        def flatten_mapping(self, node):
            """Leave `<<` as it is."""

    def untagged(loader, _, node):
        if isinstance(node, yaml.MappingNode):
            return loader.construct_mapping(node, deep=True)
        if isinstance(node, yaml.SequenceNode):
            return loader.construct_sequence(node, deep=True)
        return loader.construct_scalar(node)

    Loader.add_multi_constructor("!", untagged)
    content = yaml.load(data, Loader)
    if not isinstance(content, dict):
        raise ValueError("no table")
    return {str(key): _keys(value) for key, value in content.items()}


def _keys(value: object) -> dict:
    return {str(key).lstrip(":"): inner for key, inner in value.items()} if isinstance(value, dict) else {}


def _of_gradescope(file: File, folder: PurePosixPath, metadata: "dict | Unplaced") -> Iterator[Handed | Unplaced]:
    if file.path.name == METADATA and file.path.parent == folder:
        if isinstance(metadata, Unplaced):
            yield metadata
        return
    key = file.path.relative_to(folder).parts[0]
    facts = metadata.get(key) if isinstance(metadata, dict) else None
    people = [_keys(person) for person in (facts or {}).get("submitters") or () if isinstance(person, dict)]
    if not people:
        yield Unplaced(file.shown, f"{METADATA} names nobody for {printable(key, 80)}.")
    order = int("".join(re.findall(r"\d+", key))[:18] or 0)
    for person in people:
        kinds = {"number": "sid", "email": "email"}
        known = {kind: printable(str(person[name])) for kind, name in kinds.items() if person.get(name)}
        who = Who(printable(str(person.get("name") or "")), known)
        yield Handed("gradescope", file, file.path.name, who, None, _as_time(facts.get("created_at")), order)


def _as_time(value: object) -> datetime | None:
    """A time of receipt in UTC; None where it names none, or no zone."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.replace(" UTC", "+00:00").strip())
        except ValueError:
            return None
    if not isinstance(value, date):
        return None
    return value.astimezone(UTC) if isinstance(value, datetime) and value.tzinfo else None


def same(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Whether two sets of identifiers share one."""
    return any(kind in other and fold(other[kind]) == fold(value) for kind, value in one.items())
