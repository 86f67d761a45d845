"""Who is in the class: the CSV that the school's system gives, and finding a learner in it.

Any of these files will do as it is: a Canvas gradebook export, Moodle's participants list or grading worksheet,
Gradescope's roster, GitHub Classroom's `classroom_roster.csv`, or a table of one's own with a column `name`.
"""

import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from . import untrusted
from .files import printable

# What the systems call their columns -> what it is here. Canvas: https://community.canvaslms.com/t5/Instructor-Guide/
# How-do-I-import-grades-in-the-Gradebook/ta-p/807; Moodle: https://docs.moodle.org/en/Grade_import and
# https://docs.moodle.org/en/Assignment_activity; GitHub: https://docs.github.com/en/rest/classroom/classroom
HEADINGS = {
    "name": ("name", "student", "student name", "full name", "fullname", "learner"),
    "first": ("first name", "firstname", "given name"),
    "last": ("last name", "lastname", "surname", "family name"),
    "canvas": ("id", "canvas id", "canvas user id"),
    "number": ("sis user id", "id number", "idnumber", "student id", "student number", "sid", "number"),
    "login": ("sis login id", "login id", "login", "username", "user name"),
    "email": ("email", "email address", "e-mail"),
    "github": ("github_username", "github username", "github"),
    "identifier": ("identifier", "roster_identifier"),
    "section": ("section",),
}
IDENTIFIERS = ("canvas", "number", "login", "email", "github", "participant", "identifier")
_KINDS = {heading: kind for kind, headings in HEADINGS.items() for heading in headings}
_IN_BRACKETS = re.compile(r" \(([^()]*)\)$")
_PARTICIPANT = re.compile(r"\D+ (\d+)")
_NO_LEARNER = re.compile(r"\s*(?:points possible|student, test)\s*", re.I)  # rows of a Canvas export


class RosterError(ValueError):
    """A roster that cannot be used; the message says what to change."""


@dataclass(frozen=True)
class Person:
    """One learner: the name that the gradebook uses, and whatever the systems know them by."""

    name: str
    identifiers: Mapping[str, str] = field(default_factory=dict)  # kind (see IDENTIFIERS) -> value
    section: str = ""

    def __hash__(self) -> int:
        return hash((self.name, *sorted(self.identifiers.items())))


class Roster:
    """A class. Names are unique in it: people who share one carry an identifier behind it."""

    def __init__(self, people: Iterable[Person], notes: Iterable[str] = ()):
        self.people = tuple(people)
        self.notes = tuple(notes)
        self._identified: dict[tuple[str, str], list[Person]] = {}
        self._named: dict[str, list[Person]] = {}
        for person in self.people:
            for kind, value in person.identifiers.items():
                self._identified.setdefault((kind, fold(value)), []).append(person)
            for key in {*name_keys(person.name), *name_keys(_bare(person.name))}:
                self._named.setdefault(key, []).append(person)

    def __len__(self) -> int:
        return len(self.people)

    def find(self, identifiers: Mapping[str, str] | None = None, name: str = "") -> tuple[Person, ...]:
        """The people who fit: one is an answer, several are a question, none is a stranger.

        An identifier decides before a name does. A name fits in either order, written together or apart, with other
        capitals and punctuation: `lovelaceada` is Ada Lovelace.
        """
        for kind, value in (identifiers or {}).items():
            for other in (kind, *{"email": ("login",), "login": ("email",)}.get(kind, ())):
                if found := self._identified.get((other, fold(value))):
                    return tuple(found)
        return tuple(self._named.get(letters(name), ()))

    def named(self, student: str) -> Person | None:
        """The person whom the gradebook calls so; None for a stranger, and where several could be meant.

        The gradebook may have the roster's name, an identifier, or, collected without a roster, `lovelaceada (4711)`.
        """
        exact = tuple(person for person in self.people if person.name == student)
        inside = _IN_BRACKETS.search(student)
        found = exact or self.find(dict.fromkeys(IDENTIFIERS, student)) if not inside or exact else ()
        if not found and inside:
            found = self.find(dict.fromkeys(IDENTIFIERS, inside[1].removeprefix("participant ")))
        found = found or self.find(name=student)
        return found[0] if len(found) == 1 else None


def fold(text: str) -> str:
    """An identifier without what does not tell two apart."""
    return unicodedata.normalize("NFC", text).strip().casefold()


def letters(name: str) -> str:
    """The letters and digits of a name alone: `O'Brien, Mary-Jane` -> `obrienmaryjane`."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", name).casefold())


def name_keys(name: str) -> set[str]:
    """The ways in which systems write a name together: beginning at any of its words."""
    words = re.split(r"[\s,]+", name.strip())
    return {letters("".join(words[start:] + words[:start])) for start in range(len(words))} - {""}


def _bare(name: str) -> str:
    return _IN_BRACKETS.sub("", name)


def read_roster(path: str | Path) -> Roster:
    """Read a roster.

    Raises:
        RosterError: no such file, no column that names a learner, or two learners with the same identifier.
    """
    table = read_table(Path(path))
    return Roster(dict.fromkeys(filter(None, people_of(table))), table.notes)


@dataclass(frozen=True)
class Table:
    """A CSV as it was read: its rows without empty ones, and how it was written."""

    name: str
    rows: tuple[tuple[str, ...], ...]
    separator: str = ","
    mark: bool = False  # whether it begins with a byte order mark
    notes: tuple[str, ...] = ()


def read_table(path: Path) -> Table:
    """A CSV in whatever encoding and with whatever separator a spreadsheet wrote it.

    Raises:
        RosterError: it cannot be read, or it is empty.
    """
    try:
        data = untrusted.read_file(path)
        text, notes = untrusted.decode(data)
    except untrusted.SubmissionProblem as problem:
        if not path.exists():
            raise RosterError(f"There is no file {path}: give the CSV of the class.") from None
        raise RosterError(f"{path.name}: {problem}") from None
    text = text.removeprefix("\ufeff")
    separator = max(",;\t", key=text.lstrip().splitlines()[0].count)
    try:
        rows = [tuple(cell.strip() for cell in row) for row in csv.reader(io.StringIO(text), delimiter=separator)]
    except csv.Error as error:
        raise RosterError(f"{path.name} is no CSV ({error}): export it again.") from None
    notes = tuple(note.replace("The notebook", path.name) for note in notes)
    return Table(path.name, tuple(row for row in rows if any(row)), separator, data[:3] == b"\xef\xbb\xbf", notes)


def people_of(table: Table) -> list[Person | None]:
    """Who each row below the heading is; None for one that is no learner's.

    Raises:
        RosterError: no column names a learner, or two learners have the same identifier.
    """
    columns = _columns(table.rows[0])
    if not {"name", "first", "last", *IDENTIFIERS} & set(columns):
        shown = printable(", ".join(table.rows[0]), 120)
        raise RosterError(
            f"{table.name} has no column that names a learner ({shown}): call one of them name, id, email or username."
        )
    people = [_person(row, columns) for row in table.rows[1:]]
    _check_identifiers(dict.fromkeys(filter(None, people)), table.name)
    return _unique_names(people)


def _columns(heading: Iterable[str]) -> dict[str, int]:
    """Kind of column -> its place; of several of one kind the first."""
    columns: dict[str, int] = {}
    for place, text in enumerate(heading):
        kind = _KINDS.get(" ".join(text.casefold().split()))
        if kind:
            columns.setdefault(kind, place)
    return columns


def _person(row: tuple[str, ...], columns: Mapping[str, int]) -> Person | None:
    def cell(kind: str) -> str:
        place = columns.get(kind, len(row))
        return printable(row[place]) if place < len(row) else ""

    name = cell("name")
    if _NO_LEARNER.fullmatch(name):
        return None
    if "," in name:  # as Canvas sorts: Lovelace, Ada
        last, _, first = name.partition(",")
        name = f"{first.strip()} {last.strip()}".strip()
    name = name or f"{cell('first')} {cell('last')}".strip()
    identifiers = {kind: cell(kind) for kind in IDENTIFIERS if cell(kind)}
    worksheet = _PARTICIPANT.fullmatch(identifiers.get("identifier", ""))
    if worksheet:  # Moodle's grading worksheet says "Participant 4711"
        identifiers["participant"] = worksheet[1]
    name = name or next(iter(identifiers.values()), "")
    return Person(name, identifiers, cell("section")) if name else None


def _check_identifiers(people: Iterable[Person], file: str) -> None:
    seen: dict[tuple[str, str], Person] = {}
    for person in people:
        for kind, value in person.identifiers.items():
            other = seen.setdefault((kind, fold(value)), person)
            if other is not person:
                raise RosterError(
                    f"{file}: {other.name} and {person.name} have the same {kind} ({value}): correct one of them."
                )


def _unique_names(people: list[Person | None]) -> list[Person | None]:
    """Give those who share a name an identifier behind it."""
    names = Counter(letters(person.name) for person in set(people) if person)
    return [
        Person(_with_identifier(person), person.identifiers, person.section)
        if person and names[letters(person.name)] > 1
        else person
        for person in people
    ]


def _with_identifier(person: Person) -> str:
    order = ("number", "canvas", "login", "email", "github", "identifier")
    value = next((person.identifiers[kind] for kind in order if kind in person.identifiers), "")
    return f"{person.name} ({value})" if value else person.name
