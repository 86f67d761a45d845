"""When work is due, what lateness costs and which submission counts: a small TOML file.

    [policy]
    counts = "best"            # of several submissions: the "best" after deductions, or the "last"
    grace_minutes = 15         # added to every deadline
    percent_per_day = 10       # of the points earned, for each day begun after that
    floor_percent = 50         # this share of the points earned is never taken away
    timezone = "Europe/Vienna" # of the times below that name none; UTC if left out

    [deadlines]
    day01 = 2026-03-08T23:59:00

    [extensions."Ada Lovelace"]
    day01 = 2026-03-10T23:59:00

Every table and every key may be left out: without a deadline nothing is late.
"""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from .. import syllabus

_DAY = timedelta(days=1)
_NUMBERS = {"grace_minutes": 14 * 24 * 60, "percent_per_day": 100, "floor_percent": 100}  # key -> the most it may be


class PolicyError(ValueError):
    """A policy that cannot be read; the message names the file, the key and what it must be."""


@dataclass(frozen=True)
class Policy:
    """Deadlines and what follows from them. Times are in UTC, days are slugs."""

    counts: str = "last"  # or "best"
    grace: timedelta = timedelta(0)
    percent_per_day: float = 0.0
    floor_percent: float = 0.0
    deadlines: Mapping[str, datetime] = field(default_factory=dict)
    extensions: Mapping[tuple[str, str], datetime] = field(default_factory=dict)  # (student, day) -> the new deadline
    timezone: tzinfo = UTC  # of times that name none
    text: str = field(default="", repr=False, compare=False)  # the TOML that it was read from

    def deadline(self, student: str, day: str) -> datetime | None:
        """When a learner's work for a day is due, as the file has it; None if it never is."""
        return self.extensions.get((student, day), self.deadlines.get(day))

    def days_late(self, submitted: datetime, deadline: datetime | None) -> int:
        """The days begun between the deadline, with its grace, and the submission; 0 if it was in time."""
        if deadline is None:
            return 0
        return max(0, math.ceil((submitted - deadline - self.grace) / _DAY))

    def deduction(self, earned: float, days_late: int) -> float:
        """The points that lateness takes from those earned, in hundredths."""
        kept = max(self.floor_percent / 100, 1 - self.percent_per_day / 100 * days_late)
        return round(earned * (1 - min(1.0, kept)), 2)


def read_policy(path: str | Path) -> Policy:
    """Read a policy from a TOML file.

    Raises:
        PolicyError: there is no such file, it is no TOML, or something in it is no policy.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise PolicyError(f"{path} cannot be read ({(error.strerror or 'unknown reason').lower()}).") from None
    except UnicodeDecodeError:
        raise PolicyError(f"{path} is not text in UTF-8: save it as such.") from None
    return parse_policy(text, str(path))


def parse_policy(text: str, name: str = "The policy") -> Policy:
    """The policy that a TOML text describes; `name` is what an error calls it.

    Raises:
        PolicyError: see `read_policy`.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"{name} is no TOML: {error}.") from None
    try:
        return _policy(tables, text)
    except ValueError as error:  # a SyllabusError is one as well
        raise PolicyError(f"{name}: {error}") from None


def _policy(tables: dict, text: str) -> Policy:
    _known(tables, ("policy", "deadlines", "extensions"), "table")
    settings = _table(tables, "policy")
    _known(settings, ("counts", "timezone", *_NUMBERS), "key in [policy]")
    if settings.get("counts", "last") not in ("best", "last"):
        raise ValueError(f'counts must be "best" or "last", not {settings["counts"]!r}.')
    numbers = {key: _number(settings, key, most) for key, most in _NUMBERS.items()}
    zone = _zone(settings.get("timezone", "UTC"))
    learners = _table(tables, "extensions")
    return Policy(
        counts=settings.get("counts", "last"),
        grace=timedelta(minutes=numbers["grace_minutes"]),
        percent_per_day=numbers["percent_per_day"],
        floor_percent=numbers["floor_percent"],
        deadlines=_times(_table(tables, "deadlines"), zone, "[deadlines]"),
        extensions={
            (student, day): due
            for student in learners
            for day, due in _times(_table(learners, student), zone, f'[extensions."{student}"]').items()
        },
        timezone=zone,
        text=text,
    )


def _known(table: dict, names: tuple[str, ...], what: str) -> None:
    for name in table:
        if name not in names:
            raise ValueError(f"there is no {what} called {name!r}; there are {', '.join(names)}.")


def _table(tables: dict, name: str) -> dict:
    table = tables.get(name, {})
    if not isinstance(table, dict):
        raise ValueError(f"{name} must be a table, written [{name}].")
    return table


def _number(settings: dict, key: str, most: float) -> float:
    value = settings.get(key, 0)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise ValueError(f"{key} must be a number from 0 to {most}, not {value!r}.")
    return float(value)


def _zone(name: object) -> tzinfo:
    try:
        return UTC if name == "UTC" else ZoneInfo(name)
    except (KeyError, TypeError, ValueError, OSError):
        raise ValueError(f'timezone must be a name such as "Europe/Vienna", not {name!r}.') from None


def _times(table: dict, zone: tzinfo, where: str) -> dict[str, datetime]:
    return {syllabus.day(key).slug: _time(value, zone, f"{key} in {where}") for key, value in table.items()}


def _time(value: object, zone: tzinfo, where: str) -> datetime:
    if isinstance(value, str):
        return parse_time(value, zone, where)
    if isinstance(value, datetime):
        return value.replace(tzinfo=value.tzinfo or zone).astimezone(UTC)
    if isinstance(value, date):
        return datetime.combine(value, time(23, 59, 59), zone).astimezone(UTC)
    raise ValueError(f"{where} must be a time such as 2026-03-08T23:59:00, not {value!r}.")


def parse_time(text: str, zone: tzinfo = UTC, where: str = "The deadline") -> datetime:
    """A time in UTC from `2026-03-08`, which means its last second, `2026-03-08 18:00` or one with its own zone.

    Raises:
        PolicyError: it is none of these.
    """
    try:
        whole = date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)
    except ValueError:
        raise PolicyError(f"{where} must be a time such as 2026-03-08T23:59:00, not {text!r}.") from None
    return _time(whole, zone, where)
