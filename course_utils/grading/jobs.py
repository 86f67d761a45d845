"""What there is to grade: the files of a folder, what each mark depends on, and why one is graded again."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from .. import syllabus
from ..syllabus import Day
from . import untrusted
from .collected import Collected, read_collected
from .entries import Entry
from .files import printable
from .gradebook import Gradebook
from .session import Grade, Limits, course_version, tests_hash
from .submissions import find_submissions, student_from_path
from .untrusted import SubmissionProblem

_FORMAT = 2  # part of every fingerprint: raise it when the same grade would be stored differently

GradeFunction = Callable[..., Grade]


class BatchError(RuntimeError):
    """A batch that cannot start or go on; what was graded before is in the gradebook."""


@dataclass(frozen=True)
class Job:
    """One file to grade. `name` is its path relative to the folder, fit to show."""

    path: Path
    name: str
    sha256: str
    modified: datetime  # the file's own time; a manifest's is better, and the collecting system's is best
    problem: str = ""  # why it cannot even be read
    collected: Collected | None = None  # what `course collect` knows of it

    @property
    def key(self) -> tuple[str, str]:
        """What tells this file from every other."""
        return self.name, self.sha256

    @property
    def student(self) -> str:
        """Whose it is, as far as can be told from outside."""
        return self.collected.learner if self.collected else student_from_path(self.path)

    @property
    def late(self) -> bool | None:
        """What the school's system says about lateness, if that is all that it says: a time is better."""
        return self.collected.late if self.collected and self.collected.received_at is None else None

    def received(self, claimed: datetime | None = None) -> datetime:
        """When it came: by the collecting system's clock, else by the learner's own, else by the file's time."""
        system = self.collected and self.collected.received_at
        return system or claimed or self.modified


@dataclass(frozen=True)
class Setting:
    """What all submissions of a run share, and every mark depends on."""

    wanted: Day | None
    limits: Limits
    sandbox: str | None
    grade: GradeFunction
    tests: dict[str, str]
    version: str = field(default_factory=course_version)

    @property
    def bare(self) -> bool:
        """Whether there is no wall; which of the walls it is makes no difference to a mark."""
        return self.sandbox == "none"

    def fingerprint(self, job: Job, slug: str) -> str:
        """What a mark depends on: the file, whose it is, the tests of its day, the course, the limits, the wall."""
        facts = [_FORMAT, job.name, job.sha256, slug, self.wanted and self.wanted.slug, self.tests.get(slug, "")]
        facts += [self.version, asdict(self.limits), self.bare]
        if job.collected:
            received = job.collected.received_at
            facts += [job.collected.learner, received and received.isoformat(), job.collected.doubtful, job.late]
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()

    def slugs(self) -> list[str]:
        """The days under which a submission may stand in the gradebook; "" for one that was not recognised."""
        return [self.wanted.slug] if self.wanted else ["", *(day.slug for day in _gradable())]


@dataclass(frozen=True)
class Plan:
    """What a run would do: (file, learner, why it would be graded or "" if it would not) of every submission."""

    submissions: tuple[tuple[str, str, str], ...]

    def __str__(self) -> str:
        """A line for each that would be graded, and how many would not."""
        todo = [f"{name} ({student}): {why}" for name, student, why in self.submissions if why]
        known = len(self.submissions) - len(todo)
        return "\n".join([*todo, f"{len(todo)} to grade, {known} known and unchanged. Nothing was run or written."])


def find_jobs(folder: Path, out: Path) -> list[Job]:
    """Every submission of a folder, except what lies in the results' own folder.

    Raises:
        BatchError: there is nothing to grade.
        SubmitError: there is no such folder.
        CollectError: what `course collect` wrote is damaged.
    """
    paths = [path for path in find_submissions(folder) if not path.resolve().is_relative_to(out.resolve())]
    if not paths:
        raise BatchError(f"There is nothing to grade in {folder}: put the zips and notebooks there.")
    collected = read_collected(folder)
    return [_job(path, folder, collected) for path in paths]


def _job(path: Path, folder: Path, collected: dict[str, Collected]) -> Job:
    relative = path.relative_to(folder).as_posix()
    common = {"path": path, "name": printable(relative, 1000), "modified": _modified(path)}
    try:
        digest, problem = hashlib.sha256(untrusted.read_file(path)).hexdigest(), ""
    except SubmissionProblem as refused:
        digest, problem = hashlib.sha256(str(refused).encode()).hexdigest(), str(refused)
    return Job(**common, sha256=digest, problem=problem, collected=collected.get(relative))


def _modified(path: Path) -> datetime:
    """The file's own time; now, where it has none that a calendar knows."""
    try:
        return datetime.fromtimestamp(path.lstat().st_mtime, UTC)
    except (OSError, ValueError, OverflowError):
        return datetime.now(UTC)


def _gradable() -> list[Day]:
    return [day for day in syllabus.days() if day.hidden_tests.exists()]


def tests_of_days(wanted: Day | None) -> dict[str, str]:
    """Slug -> hash of its tests; "" (no day was recognised) -> all days', since a new day may change that.

    The day that was asked for is among them even if the syllabus does not know it.
    """
    days = {day.slug: day for day in [*_gradable(), *([wanted] if wanted else [])]}
    hashes = {slug: tests_hash(day) for slug, day in days.items()}
    return hashes | {"": "-".join(hashes.values())}


def check_tests(wanted: Day | None) -> None:
    """Make sure that there are hidden tests to grade with.

    Raises:
        BatchError: there are none.
    """
    if wanted and not wanted.hidden_tests.exists():
        raise BatchError(
            f"The hidden tests of Day {wanted.number} are not in this copy of the course: grade with the instructor's."
        )
    if not _gradable():
        raise BatchError("There are no hidden tests in this copy of the course: grade with the instructor's.")


def known(book: Gradebook, jobs: list[Job], setting: Setting) -> dict[tuple[str, str], str]:
    """Job key -> fingerprint of its finished attempt."""
    slugs, finished = setting.slugs(), book.finished()
    candidates = ((job.key, setting.fingerprint(job, slug)) for job in jobs for slug in slugs)
    return {key: fingerprint for key, fingerprint in candidates if fingerprint in finished}


def plan(book: Gradebook | None, jobs: list[Job], setting: Setting, regrade: bool) -> Plan:
    """What a run would do with each submission, and why."""
    done = {} if book is None or regrade else known(book, jobs, setting)
    before = {entry.file: entry for entry in book.attempts()} if book else {}  # of each file the newest attempt
    reasons = ("" if job.key in done else _why(job, setting, before.get(job.name)) for job in jobs)
    return Plan(tuple((job.name, job.student, why) for job, why in zip(jobs, reasons)))


def _why(job: Job, setting: Setting, before: Entry | None) -> str:
    """The first reason to grade a file, beside what was graded before under its name."""
    if before is None:
        return "new"
    grade = before.grade or Grade(before.day, 0.0, 0.0)
    reasons = [
        (before.sha256 != job.sha256, "the file has changed"),
        (before.failed, "grading itself failed the last time"),
        (before.fingerprint == setting.fingerprint(job, before.day), "asked for"),
        (job.collected and before.student != job.student, f"it was taken for {before.student}'s"),
        (job.collected and before.submitted != job.received(before.submitted), "when it was received has changed"),
        (job.collected and before.late != job.late, "whether it was late has changed"),
        (grade.tests_hash not in ("", setting.tests.get(before.day)), "the exercise or its tests have changed"),
        (grade.course_version not in ("", setting.version), f"graded by version {grade.course_version}"),
        (grade.sandbox and (grade.sandbox == "none") != setting.bare, f"graded with the sandbox {grade.sandbox!r}"),
    ]
    return next((reason for holds, reason in reasons if holds), "the limits, the day or the tests have changed")
