"""The manifest of a collected folder, `collected.json`: whose each file is, when it was received, and whether late.

`course collect` writes it, `course grade` reads it. A folder without it is graded as well; learner and time then
come from the files themselves. The file is JSON in UTF-8, one object:

    {
      "format": 1,
      "submissions": [
        {
          "file": "ada-lovelace-5f0c2b1d/day01_pipelines.ipynb",    relative to the manifest, with forward slashes
          "sha256": "…",                                           of that file, as it was collected
          "learner": "Ada Lovelace",                               the roster's name, else what the system calls them
          "identifiers": {"canvas": "4711", "email": "ada@…"},      see roster.IDENTIFIERS
          "day": "day01_pipelines",                                null where no day's tasks were recognised
          "received_at": "2026-03-01T22:59:58+00:00",              by the system's clock, UTC; null where it says none
          "late": true,                                            the system's own mark; null where it has none
          "attempt": 2,                                            1 for the first of this learner for this day
          "earlier": ["ada-lovelace-5f0c2b1d/day01.ipynb"],         the files of attempts 1 … attempt - 1
          "source": {
            "system": "canvas",                                    canvas, moodle, gradescope, classroom or files
            "download": "week1.zip",                               what was collected
            "name": "lovelaceada_LATE_4711_99_day01.ipynb",        the name in it
            "order": 99                                            the system's own count, where it has one; else 0
          },
          "doubtful": false,                                       no system says whose it is, and its words disagree
          "notes": ["…"]                                           sentences for the instructor
        }
      ]
    }

Entries stand in the order of learner, day and attempt. Only what was handed in as a notebook or zip, or as the only
thing a learner sent, is an entry.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path, PurePosixPath

from .files import write_whole

MANIFEST = "collected.json"
FORMAT = 1


class CollectError(ValueError):
    """A download that cannot be collected, or a manifest that cannot be read; the message says what to do."""


@dataclass(frozen=True)
class Source:
    """Where a file came from."""

    system: str
    download: str
    name: str
    order: int = 0


@dataclass(frozen=True)
class Collected:
    """One file that somebody handed in; see the module for what each field means."""

    file: str
    sha256: str
    learner: str
    source: Source
    identifiers: Mapping[str, str] = field(default_factory=dict)
    day: str | None = None
    received_at: datetime | None = None
    late: bool | None = None
    attempt: int = 1
    earlier: tuple[str, ...] = ()
    doubtful: bool = False
    notes: tuple[str, ...] = ()


def read_collected(folder: str | Path) -> dict[str, Collected]:
    """What `course collect` knows of a folder: relative path (forward slashes) -> entry; empty without a manifest.

    Raises:
        CollectError: the manifest is damaged or written by a newer course.
    """
    path = Path(folder) / MANIFEST
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        version = content["format"]
        entries = [_entry(plain) for plain in content["submissions"]] if version == FORMAT else []
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CollectError(
            f"{path} cannot be read ({type(error).__name__}): restore it, or remove it and collect again."
        ) from None
    if version != FORMAT:
        raise CollectError(f"{path} is of format {version}, this course reads {FORMAT}: use the course that wrote it.")
    return {entry.file: entry for entry in entries}


def _entry(plain: dict) -> Collected:
    received = plain["received_at"] and datetime.fromisoformat(plain["received_at"]).astimezone(UTC)
    path = PurePosixPath(plain["file"])
    if path.is_absolute() or ".." in path.parts or not isinstance(plain["learner"], str) or not plain["learner"]:
        raise ValueError("an entry outside the folder")
    more = {"source": Source(**plain["source"]), "received_at": received}
    more |= {name: tuple(plain[name]) for name in ("earlier", "notes")}
    return Collected(**(plain | more))


def write_collected(entries: Iterable[Collected], folder: str | Path) -> tuple[Collected, ...]:
    """Number the attempts and write the manifest in one step; the same entries give the same bytes.

    Attempts are counted by time of receipt, then by the system's own count, then in the order of the entries.

    Raises:
        OSError: it cannot be written; the old one is untouched.
    """
    numbered = tuple(number_attempts(entries))
    plain = {"format": FORMAT, "submissions": [_plain(entry) for entry in numbered]}
    write_whole(Path(folder) / MANIFEST, json.dumps(plain, indent=1, ensure_ascii=False) + "\n")
    return numbered


def _plain(entry: Collected) -> dict:
    received = entry.received_at and entry.received_at.astimezone(UTC).isoformat()
    return asdict(entry) | {"received_at": received}


def number_attempts(entries: Iterable[Collected]) -> list[Collected]:
    """The entries in order, `attempt` and `earlier` set."""

    def owner(entry: Collected) -> tuple:
        return entry.learner.casefold(), entry.learner, entry.day or ""

    def order(entry: Collected) -> tuple:
        return owner(entry), entry.received_at or datetime.min.replace(tzinfo=UTC), entry.source.order

    numbered = []
    for _, group in groupby(sorted(entries, key=order), key=owner):
        files: list[str] = []
        for entry in group:
            numbered.append(replace(entry, attempt=len(files) + 1, earlier=tuple(files)))
            files.append(entry.file)
    return numbered
