"""`course collect`: from what the school's system gives to the folder that `course grade` reads.

Every file lands in its learner's own folder with its bytes untouched; `collected.json` (see `collected`) keeps whose it
is, when it was received and which attempt it is. Nothing that is there is overwritten, a second run changes nothing,
and what cannot be given to anybody is named with the reason. The downloads are only read.
"""

import hashlib
import json
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from .. import syllabus
from . import untrusted
from .collected import MANIFEST, Collected, CollectError, Source, read_collected, write_collected
from .downloads import Handed, Unplaced, open_downloads, recognise, same
from .files import file_stem, in_words, printable, write_whole
from .roster import IDENTIFIERS, Roster, letters, read_roster
from .submissions import answer_cells, read_submission, student_from_path, tasks
from .untrusted import SubmissionProblem

SYSTEMS = {
    "canvas": "Canvas",
    "moodle": "Moodle",
    "gradescope": "Gradescope",
    "classroom": "GitHub Classroom",
    "files": "files without a system's names",
}
_NOTEBOOKS = (".ipynb", ".zip")
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)", re.I)  # names that Windows keeps for itself


@dataclass(frozen=True)
class CollectReport:
    """What a run found, and what an instructor should look at."""

    out: Path
    found: tuple[tuple[str, str, int, int, int], ...]  # (download, system, files, learners, late)
    entries: tuple[Collected, ...]  # the whole manifest
    new: int
    known: int
    unplaced: tuple[Unplaced, ...] = ()
    remarks: tuple[str, ...] = ()
    missing: tuple[tuple[str, tuple[str, ...]], ...] = ()  # (day, learners of the roster without anything for it)
    roster: int | None = None  # how many learners are on it

    def lines(self) -> list[str]:
        """The report in plain sentences."""
        lines = [
            f"{download} ({SYSTEMS[system]}): {_count(files, 'file')} of {_count(learners, 'learner')}"
            + (f", {late} marked late." if late else ".")
            for download, system, files, learners, late in self.found
        ]
        repeated = sum(entry.attempt > 1 for entry in self.entries)
        lines.append(f"{self.out}: {self.new} new, {self.known} known from before; {len(self.entries)} in all, "
                     f"{repeated} of them repeated attempts.")  # fmt: skip
        lines += _listed("Could not be placed", [str(one) for one in self.unplaced])
        lines += _listed("To look at", self.remarks)
        for day, learners in self.missing:
            names = "; ".join(learners) if learners else "nobody"
            lines.append(f"Missing for {day} ({len(learners)} of {self.roster}): {names}.")
        return lines

    def __str__(self) -> str:
        return "\n".join(self.lines())


def _listed(heading: str, sentences: Iterable[str]) -> list[str]:
    sentences = [f"  {sentence}" for sentence in sentences]
    return [f"{heading} ({len(sentences)}):", *sentences] if sentences else []


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def collect(downloads: str | Path, out: str | Path, roster: str | Path | Roster | None = None) -> CollectReport:
    """Bring downloads into the folder that `course grade` reads.

    Args:
        downloads: a folder, or one zip: bulk downloads of Canvas, Moodle and Gradescope as they came, clones of GitHub
            Classroom, zips of `course submit`, bare notebooks; also mixed.
        out: where the files go; a folder of earlier runs grows.
        roster: the class (see `roster`); learners then have its names, and whoever is missing is named.

    Raises:
        CollectError: no such download, nothing in it, its manifest is damaged, or `out` cannot be used.
        RosterError: the roster cannot be used.
    """
    downloads, out = Path(downloads), Path(out)
    people = roster if isinstance(roster, Roster) or roster is None else read_roster(roster)
    _check(downloads, out)
    with ExitStack() as stack, _only_run(out):
        files, refused = open_downloads(downloads, stack, people)
        if not files and not refused:
            raise CollectError(f"There is nothing in {downloads}: put the downloads there as they came.")
        run = _Run(out, people)
        run.unplaced += refused
        run.everything(recognise(files, people))
        return run.finish()


def _check(downloads: Path, out: Path) -> None:
    if not downloads.exists():
        raise CollectError(f"There is no {downloads}: give the folder, or the zip, that was downloaded.")
    inside, around = out.resolve(), downloads.resolve()
    if inside == around or around in inside.parents or inside in around.parents:
        raise CollectError(f"{out} and {downloads} are one inside the other: collect into a folder of its own.")
    if out.exists() and not out.is_dir():
        raise CollectError(f"{out} is not a folder: choose another name.")


@contextmanager
def _only_run(out: Path) -> Iterator[None]:
    """Keep a second run away, and say what the system refuses in one sentence."""
    import filelock

    try:
        out.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(out / ".collecting.lock", timeout=0):
            yield
    except filelock.Timeout:
        raise CollectError(f"Another run is collecting into {out}: wait for it.") from None
    except OSError as error:
        raise CollectError(in_words(error, out)) from error


@dataclass
class _Piece:
    """One file to keep: what somebody handed in, or a part of it."""

    own: str
    data: bytes
    day: str | None = None
    notes: tuple[str, ...] = ()


@dataclass
class _Run:
    """One run over one folder of results."""

    out: Path
    roster: Roster | None
    unplaced: list[Unplaced] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    new: int = 0
    known: int = 0

    def __post_init__(self):
        self._entries = list(read_collected(self.out).values())
        self._found: dict[tuple[str, str], list[tuple[str, bool]]] = {}
        self._days: dict[str, str | None] = {}

    def everything(self, handed: Iterable[Handed | Unplaced]) -> None:
        """Keep everything that somebody handed in, learner by learner."""
        groups: dict[tuple, list[Handed]] = {}
        for one in handed:
            if isinstance(one, Unplaced):
                self.unplaced.append(one)
            else:
                groups.setdefault(_group(one), []).append(one)
        shared = Counter(_called(group[0]) for group in groups.values())
        for group in groups.values():
            called = _called(group[0])
            self._learner(group, ambiguous=bool(called[-1]) and shared[called] > 1)

    def _learner(self, group: list[Handed], ambiguous: bool) -> None:
        """Keep what one learner handed in by one download."""
        meant = [one for one in group if PurePosixPath(one.own).suffix.lower() in _NOTEBOOKS and not one.typed]
        names = [name for one in meant for name in self._keep_all(one, ambiguous)]
        if group[0].system == "classroom":  # the rest of a clone is the course's
            if not names:
                shown = f"{group[0].file.container}: {group[0].who.identifiers['github']}"
                self.unplaced.append(Unplaced(shown, "no exercise in this clone has an answer."))
            return
        for one in group:
            if one in meant:
                continue
            if one.who is None and len(set(names)) > 1:
                self.unplaced.append(Unplaced(one.file.shown, "stands beside several learners' work."))
            else:
                self._keep_all(one, ambiguous, beside=names[0] if names else None)

    def _keep_all(self, one: Handed, ambiguous: bool, beside: str | None = None) -> list[str]:
        """Keep one file, or what is in it; returns whose each is. What stands `beside` a notebook is no submission."""
        try:
            pieces = self._pieces(one)
        except SubmissionProblem as problem:
            self.unplaced.append(Unplaced(one.file.shown, str(problem)))
            return []
        names = []
        for piece in pieces:
            name, identifiers, doubtful = self._name(one, piece, ambiguous) if beside is None else (beside, {}, False)
            names.append(name)
            key = one.file.container or one.file.path.name, one.system
            self._found.setdefault(key, []).append((name, bool(one.late)))
            self._keep(one, piece, name, identifiers, doubtful, entry=beside is None)
        return names

    def _pieces(self, one: Handed) -> list[_Piece]:
        """What one file is: as a rule itself; of a clone only an exercise with an answer.

        Raises:
            SubmissionProblem: it cannot be read.
        """
        pieces = [_Piece(one.own, one.file.read())]
        if PurePosixPath(one.own).suffix.lower() in _NOTEBOOKS and not one.typed:
            pieces = self._opened(pieces[0], depth=0)
        return [piece for piece in pieces if one.system != "classroom" or (piece.day and not _is_stub(piece))]

    def _name(self, one: Handed, piece: _Piece, ambiguous: bool) -> tuple[str, dict[str, str], bool]:
        """What the gradebook calls a learner: the roster's name, else the system's, made unique; and any doubt."""
        if one.who is None:
            return self._own_word(one, piece)
        name, known = one.who.name, dict(one.who.identifiers)
        if not self.roster:
            return _display(one, name, ambiguous), known, False
        found = self.roster.find(known, "" if ambiguous else name)
        if len(found) == 1:
            return found[0].name, {**known, **found[0].identifiers}, False
        shown = _display(one, name, ambiguous)
        if len(found) > 1:
            who = " or ".join(person.name for person in found)
            self._remark(f"{one.file.shown}: could be {who}; kept as {shown}.")
        else:
            self._remark(f"{one.file.shown}: {shown} is not on the roster; kept under this name.")
        return shown, known, False

    def _own_word(self, one: Handed, piece: _Piece) -> tuple[str, dict[str, str], bool]:
        """Whose a file is where no system says so: the manifest of `course submit`, else its name or its folders'."""
        path, doubtful = Path(*one.file.path.parts[:-1], piece.own), False
        try:
            submission = read_submission(path, None, piece.data)
            name, doubtful = submission.student, submission.doubtful
        except SubmissionProblem:
            named = path.suffix.lower() in _NOTEBOOKS or len(path.parts) == 1
            name = student_from_path(path) if named else printable(path.parent.name)
        if doubtful:
            self._remark(f"{one.file.shown}: names {name} inside and not in its name; it does not count until checked.")
        if self.roster:
            for word in (name, *reversed(path.parent.parts)):
                found = self.roster.find(dict.fromkeys(IDENTIFIERS, word), word)
                if len(found) == 1:
                    return found[0].name, dict(found[0].identifiers), doubtful
            self._remark(f"{one.file.shown}: {name} is not on the roster, or is there twice; kept under this name.")
        elif len(path.parts) > 2 and name == path.parent.name:
            self._remark(f"{one.file.shown}: taken for {name}'s, by the name of its folder.")
        return name, {}, doubtful

    def _opened(self, piece: _Piece, depth: int) -> list[_Piece]:
        """The exercises in a file: of a zip with several each, of a zip around a zip the inner one."""
        if PurePosixPath(piece.own).suffix.lower() != ".zip" and not piece.data.startswith(b"PK"):
            return [self._recognised(piece)]
        try:
            archive = untrusted.Archive(piece.data)
            names = [name for name in archive.names() if PurePosixPath(name).suffix.lower() in _NOTEBOOKS]
            if len(names) == 1 and names[0].lower().endswith(".ipynb"):
                return [self._recognised(piece)]
            return self._several(piece, archive, names, depth) if names and depth < 2 else [piece]
        except SubmissionProblem:
            return [piece]  # grading says what is wrong with it, on its learner's line

    def _several(self, piece: _Piece, archive: untrusted.Archive, names: list[str], depth: int) -> list[_Piece]:
        inner: list[_Piece] = []
        for name in names:
            member = _Piece(PurePosixPath(name).name, archive.read(name, untrusted.FILE_BYTES))
            inner += self._opened(member, depth + 1)
        days = Counter(one.day for one in inner if one.day)
        if not days:
            return [piece]
        shown = ", ".join(printable(name, 60) for name in names[:4])
        if double := next((day for day, count in days.items() if count > 1), None):
            note = f"holds {days[double]} notebooks with the tasks of {double} ({shown}); nothing says which is meant."
            return [replace(piece, notes=(note,))]
        note = f"taken out of {printable(piece.own, 80)}, which holds {shown}."
        return [replace(one, notes=(*one.notes, note)) for one in inner if one.day]

    def _recognised(self, piece: _Piece) -> _Piece:
        """The piece with its day; the same bytes are read once, since clones hold the same lessons."""
        digest = hashlib.sha256(piece.data).hexdigest()
        if digest not in self._days:
            try:
                self._days[digest] = read_submission(piece.own, None, piece.data).day.slug
            except SubmissionProblem:
                self._days[digest] = None
        return replace(piece, day=self._days[digest])

    def _keep(self, one: Handed, piece: _Piece, learner: str, identifiers: dict, doubtful: bool, entry: bool) -> None:
        """Write one file, unless it is there, and note it down."""
        digest = hashlib.sha256(piece.data).hexdigest()
        before = self._before(digest, one, learner, identifiers)
        if before:
            self.known += 1
            self._compare(before, one, learner, identifiers)
            return
        file, written = self._write(learner, piece, one.file.modified if one.received_at is None else one.received_at)
        self.new += written
        self.known += not written
        if not entry:
            return
        name = str(one.file.path)
        source = Source(one.system, one.file.container, printable(name, 1000), one.order)
        notes = tuple(dict.fromkeys([*one.file.notes, *piece.notes]))
        self._entries.append(
            Collected(
                file=file,
                sha256=digest,
                learner=learner,
                source=source,
                identifiers=identifiers,
                day=piece.day,
                received_at=one.received_at,
                late=one.late,
                doubtful=doubtful,
                notes=notes,
            )
        )
        for note in notes:
            self._remark(f"{one.file.shown}: {note}")

    def _before(self, digest: str, one: Handed, learner: str, identifiers: dict) -> Collected | None:
        """The same bytes of the same learner, collected before."""
        for entry in self._entries:
            if entry.sha256 != digest:
                continue
            if entry.learner == learner or same(entry.identifiers, identifiers):
                return entry
            if not entry.identifiers and (entry.source.system, entry.source.name) == (one.system, str(one.file.path)):
                return entry
        return None

    def _compare(self, before: Collected, one: Handed, learner: str, identifiers: dict) -> None:
        """A file that is known: take over a better name of its learner, and say where the facts differ."""
        place = self._entries.index(before)
        if before.learner != learner:
            self._remark(f"{before.file}: collected before as {before.learner}, from now on {learner}'s.")
            before = replace(before, learner=learner, identifiers={**before.identifiers, **identifiers})
            self._entries[place] = before
        for what, old, new in (("late", before.late, one.late), ("received_at", before.received_at, one.received_at)):
            if old != new and new is not None:
                self._remark(
                    f"{before.file}: {one.file.shown} says {what} = {new}, it was collected with {old}; kept as it was."
                    f" Change it in {MANIFEST} if the new one is right."
                )

    def _write(self, learner: str, piece: _Piece, time) -> tuple[str, bool]:
        """Put a file into its learner's folder under a free name; returns the name, and whether it was written."""
        folder = file_stem(learner)
        name = _safe_name(piece.own)
        stem, suffix = PurePosixPath(name).stem, PurePosixPath(name).suffix
        place = self.out / folder
        there = {path.name.casefold(): path for path in place.iterdir()} if place.is_dir() else {}
        number = 1
        while (taken := there.get(name.casefold())) is not None:
            if taken.is_file() and not taken.is_symlink() and taken.read_bytes() == piece.data:
                return f"{folder}/{taken.name}", False
            number += 1
            name = f"{stem}_{number}{suffix}"
        path = write_whole(place / name, piece.data)
        if time is not None:  # the folder then sorts by time, for people as well
            seconds = time if isinstance(time, float) else time.timestamp()
            os.utime(path, (seconds, seconds))
        return f"{folder}/{name}", True

    def _remark(self, sentence: str) -> None:
        if sentence not in self.remarks:
            self.remarks.append(sentence)

    def finish(self) -> CollectReport:
        """Write the manifest and sum up."""
        self._check_files()
        self._check_containers()
        entries = write_collected(self._entries, self.out)
        found = [
            (download, system, len(names), len({name for name, _ in names}), sum(late for _, late in names))
            for (download, system), names in self._found.items()
        ]
        return CollectReport(
            out=self.out,
            found=tuple(sorted(found)),
            entries=entries,
            new=self.new,
            known=self.known,
            unplaced=tuple(self.unplaced),
            remarks=(*(self.roster.notes if self.roster else ()), *self.remarks),
            missing=tuple(_missing(entries, self.roster)) if self.roster else (),
            roster=len(self.roster) if self.roster else None,
        )

    def _check_containers(self) -> None:
        """A learner can make a zip that looks like a class's; among learners' own files one must be looked at."""
        plain = {str(PurePosixPath(download)) for download, system in self._found if system == "files"}
        for download, system in self._found:
            if system != "files" and str(PurePosixPath(download).parent) in plain:
                self._remark(
                    f"{download} looks like {SYSTEMS[system]}'s and stands among files without a system's names: "
                    "if a learner made it, take out what it brought."
                )

    def _check_files(self) -> None:
        """Say what is no longer as it was collected; nothing is put back or taken out."""
        for entry in self._entries:
            path = self.out / entry.file
            try:
                changed = hashlib.sha256(path.read_bytes()).hexdigest() != entry.sha256
            except OSError:
                self._remark(f"{entry.file}: is in {MANIFEST} and no longer in the folder.")
                continue
            if changed:
                self._remark(f"{entry.file}: was changed after it was collected; left as it is.")


def _missing(entries: Iterable[Collected], roster: Roster) -> Iterator[tuple[str, tuple[str, ...]]]:
    """For each day that somebody handed in, who of the roster did not; and whose file is no day's."""
    handed: dict[str | None, set[str]] = {}
    for entry in entries:
        handed.setdefault(entry.day, set()).add(entry.learner)
    unknown = handed.pop(None, set())
    for day in [day.slug for day in syllabus.days() if day.slug in handed] or ["every day"]:
        absent = [person.name for person in roster.people if person.name not in handed.get(day, ())]
        yield day, tuple(f"{name} (a file that is no day's exercise)" if name in unknown else name for name in absent)


def _group(one: Handed) -> tuple:
    """What tells one learner of a download from another."""
    if one.who is None:
        folder = str(one.file.path.parent) if len(one.file.path.parts) > 1 else str(one.file.path)
        return one.system, one.file.container, folder
    return one.system, one.file.container, one.who.name, tuple(sorted(one.who.identifiers.items()))


def _called(one: Handed) -> tuple[str, str, str]:
    return one.system, one.file.container, letters(one.who.name) if one.who else ""


def _display(one: Handed, name: str, ambiguous: bool) -> str:
    """A learner's name where no roster has it. Canvas squeezes names, so that its id goes with them always."""
    known = one.who.identifiers if one.who else {}
    if one.system == "canvas":
        key = known.get("canvas") or known.get("anonymous", "")
        return f"{name} ({key})" if name else f"anonymous {key}"
    if one.system == "moodle" and (ambiguous or name == "Participant"):
        return f"{name} (participant {known['participant']})"
    if ambiguous:
        return f"{name} ({next(iter(known.values()), '')})"
    return name or next(iter(known.values()), "")


def _safe_name(own: str) -> str:
    """A learner's file name as one that every file system takes; its ending stays."""
    name = unicodedata.normalize("NFC", PurePosixPath(own).name)
    stem, dot, ending = name.rpartition(".") if "." in name else (name, "", "")
    stem = re.sub(r"[^\w.() -]+", "_", stem).encode()[:120].decode("utf-8", "ignore").strip(" .")
    ending = re.sub(r"\W+", "_", ending)[:10]
    return ("_" if _DEVICES.fullmatch(stem) else "") + (stem or "submission") + (dot + ending if ending else "")


def _is_stub(piece: _Piece) -> bool:
    """Whether no task of an exercise has an answer."""
    from ..notebooks import STUB  # nbformat is slow to import

    submission = read_submission(piece.own, None, piece.data)
    cells = answer_cells(json.loads(submission.notebook), tasks(submission.day))
    return all(STUB in cell["source"] for _, cell in cells.values())
