"""A whole folder: each submission its line whatever happens, nothing done twice, nothing lost.

The work goes through a `concurrent.futures.Executor`: threads here, which only wait, because a warm process forks an
examiner and a kernel for each submission; or any other that is handed in (Dask's `client.get_executor()`). Only this
thread writes the gradebook, one transaction an attempt.
"""

import hashlib
import json
import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from .. import syllabus
from ..syllabus import Day
from . import sandbox as sandboxes
from . import untrusted, warm
from .dashboard import write_dashboard
from .export import results_csv
from .feedback import points, write_feedback
from .files import printable
from .gradebook import Entry, Gradebook, newest
from .session import Grade, GradingError, Limits, course_version, grade_notebook, tests_hash
from .submissions import find_submissions, read_submission, student_from_path
from .untrusted import SubmissionProblem

_FORMAT = 1  # part of every fingerprint: raise it when the same grade would be stored differently

Progress = Callable[[int, int, str], None]  # (submissions done, all of them, what was done last)
GradeFunction = Callable[..., Grade]


class BatchError(RuntimeError):
    """A batch that cannot start or go on; what was graded before is in the gradebook."""


@dataclass(frozen=True)
class Job:
    """One file to grade. `name` is its path relative to the folder, fit to show."""

    path: Path
    name: str
    sha256: str
    submitted: datetime  # the file's own time; a manifest's is better
    problem: str = ""  # why it cannot even be read

    @property
    def key(self) -> tuple[str, str]:
        """What tells this file from every other."""
        return self.name, self.sha256


@dataclass(frozen=True)
class BatchResult:
    """What a run gave: an entry for every submission of the folder that has been graded, now or before."""

    out: Path
    entries: tuple[Entry, ...]
    total: int  # submissions in the folder
    seconds: float
    interrupted: bool = False
    pages: tuple[Path, ...] = field(default=(), repr=False)

    @property
    def graded(self) -> int:
        """How many were graded in this run."""
        return sum(not entry.reused for entry in self.entries)

    @property
    def reused(self) -> int:
        """How many were known from an earlier run."""
        return sum(entry.reused for entry in self.entries)

    @property
    def failed(self) -> int:
        """How many marks are still open because grading itself failed."""
        return sum(entry.failed for entry in self.entries)

    def __str__(self) -> str:
        """What happened, and where everything is."""
        lines = [f"{self.graded} graded in {self.seconds:.1f} s, {self.reused} known from an earlier run."]
        troubled = sum(bool(entry.problem) and not entry.failed for entry in self.entries)
        if troubled:
            lines.append(f"{troubled} could not be graded; each has its line and its page.")
        if self.failed:
            lines.append(f"{self.failed} failed in grading itself: the marks are open, run the same command again.")
        if self.interrupted:
            left = self.total - len(self.entries)
            lines.append(f"Stopped with {left} of {self.total} left: run the same command to go on.")
        lines.append(f"{self.out}: index.html (the class), feedback/ (a page a learner), results.csv, gradebook.db.")
        return "\n".join(lines)

    def table(self):
        """The class as a rich table: learner, day, points, what to look at."""
        from rich.table import Column, Table
        from rich.text import Text

        table = Table("Learner", "Day", Column("Points", justify="right"), "What to look at", "File")
        for entry in self.entries:
            most = entry.grade.max_points if entry.grade else entry.max_points
            mark = "open" if entry.failed else f"{points(entry.points)} of {points(most)}"
            table.add_row(*map(Text, (entry.student, entry.day or "none", mark, entry.sentence, entry.file)))
        return table


def grade_folder(
    folder: str | Path,
    out: str | Path,
    day: "str | int | Day | None" = None,
    *,
    workers: int | None = None,
    sandbox: str | None = None,
    limits: Limits | None = None,
    progress: Progress | None = None,
    regrade: bool = False,
    gradebook: str | Path | None = None,
    executor: Executor | None = None,
    grade: GradeFunction = grade_notebook,
) -> BatchResult:
    """Grade every submission of a folder and write gradebook, CSV and pages.

    A submission whose bytes, tests, limits and course version are unchanged is not run again, so a run that was
    killed or stopped goes on where it was. Ctrl-C stops at once and keeps what is finished.

    Args:
        folder: zips and notebooks, also in one folder a learner.
        out: where the results go.
        day: grade everything as this day; None to recognise each notebook's day.
        workers: submissions at the same time; as many as there are cores if None.
        sandbox: "bwrap", "namespaces" or "none"; the strongest that works here if None.
        limits: what one submission may use.
        progress: called as `progress(done, total, name)` after every submission.
        regrade: run everything again; earlier attempts stay in the gradebook.
        gradebook: a file or an SQLAlchemy URL; `gradebook.db` in `out` if None.
        executor: where to run instead of on this machine; it is left open.
        grade: what grades one notebook.

    Raises:
        SandboxError: there is no sandbox, and none was not asked for.
        BatchError: nothing to grade, no tests here, another run is busy with `out`, or it cannot be written.
        SubmitError: there is no such folder.
        GradebookError: the gradebook cannot be opened.
        SyllabusError: no such day.
    """
    start = time.monotonic()
    folder, out = Path(folder), Path(out)
    wanted = None if day is None else syllabus.day(day)
    _check_tests(wanted)
    jobs = _jobs(folder, out)
    level = sandbox if executor else sandboxes.choose(sandbox)
    setting = _Setting(wanted, limits or Limits(), level, grade)
    workers = workers or _cores()
    with _only_run(out), Gradebook(gradebook or out / "gradebook.db") as book:
        known = {} if regrade else _known(book, jobs, setting)
        todo = [job for job in jobs if job.key not in known]
        report = _Reporter(progress, len(jobs), len(known))
        interrupted = _Run(book, setting, report, workers).everything(todo, executor)
        attempts = book.attempts()
        entries = newest(attempts)
        pages = _write_reports(entries, attempts, out)
    chosen = _entries_of(jobs, entries, known)
    return BatchResult(out, tuple(chosen), len(jobs), time.monotonic() - start, interrupted, tuple(pages))


@contextmanager
def progress_bar(console=None) -> Iterator[Progress]:
    """A bar with the time left, as the callback that `grade_folder` takes.

    Args:
        console: rich's console; one on standard error if None.
    """
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    with Bars(*columns, console=console or Console(stderr=True)) as bars:
        bar = bars.add_task("starting", total=None)
        yield lambda done, total, name: bars.update(
            bar, completed=done, total=total, description=escape(name or "starting")
        )


# --- what there is to do ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Setting:
    """What all submissions of a run share, and every mark depends on."""

    wanted: Day | None
    limits: Limits
    sandbox: str | None
    grade: GradeFunction
    version: str = field(default_factory=course_version)
    tests: dict[str, str] = field(default_factory=lambda: _tests())

    def fingerprint(self, job: Job, slug: str) -> str:
        """What a mark depends on: the file, the tests of its day, the course, the limits, the sandbox."""
        facts = [_FORMAT, job.name, job.sha256, slug, self.wanted and self.wanted.slug, self.tests.get(slug, "")]
        facts += [self.version, asdict(self.limits), self.sandbox]
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()

    def slugs(self) -> list[str]:
        """The days under which a submission may stand in the gradebook; "" for one that was not recognised."""
        return [self.wanted.slug] if self.wanted else ["", *(day.slug for day in _gradable())]


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _gradable() -> list[Day]:
    return [day for day in syllabus.days() if day.hidden_tests.exists()]


def _tests() -> dict[str, str]:
    """Slug -> hash of its tests; "" (no day was recognised) -> all days', since a new day may change that."""
    hashes = {day.slug: tests_hash(day) for day in _gradable()}
    return hashes | {"": "-".join(hashes.values())}


def _check_tests(wanted: Day | None) -> None:
    if wanted and not wanted.hidden_tests.exists():
        raise BatchError(
            f"The hidden tests of Day {wanted.number} are not in this copy of the course: grade with the instructor's."
        )
    if not _gradable():
        raise BatchError("There are no hidden tests in this copy of the course: grade with the instructor's.")


def _jobs(folder: Path, out: Path) -> list[Job]:
    paths = [path for path in find_submissions(folder) if not path.resolve().is_relative_to(out.resolve())]
    if not paths:
        raise BatchError(f"There is nothing to grade in {folder}: put the zips and notebooks there.")
    return [_job(path, folder) for path in paths]


def _job(path: Path, folder: Path) -> Job:
    name = printable(path.relative_to(folder).as_posix(), 1000)
    submitted = _modified(path)
    try:
        data = untrusted.read_file(path)
    except SubmissionProblem as problem:
        return Job(path, name, hashlib.sha256(str(problem).encode()).hexdigest(), submitted, str(problem))
    return Job(path, name, hashlib.sha256(data).hexdigest(), submitted)


def _modified(path: Path) -> datetime:
    """The file's own time; now, where it has none that a calendar knows."""
    try:
        return datetime.fromtimestamp(path.lstat().st_mtime, UTC)
    except (OSError, ValueError, OverflowError):
        return datetime.now(UTC)


def _known(book: Gradebook, jobs: list[Job], setting: _Setting) -> dict[tuple[str, str], str]:
    """Job key -> fingerprint of its finished attempt."""
    slugs, finished = setting.slugs(), book.finished()
    candidates = ((job.key, setting.fingerprint(job, slug)) for job in jobs for slug in slugs)
    return {key: fingerprint for key, fingerprint in candidates if fingerprint in finished}


def _entries_of(jobs: list[Job], entries: list[Entry], known: dict[tuple[str, str], str]) -> list[Entry]:
    """The entries for the files of this run, those of earlier runs marked."""
    present = {job.key for job in jobs}
    mine = (entry for entry in entries if (entry.file, entry.sha256) in present)
    return [replace(entry, reused=known.get((entry.file, entry.sha256)) == entry.fingerprint) for entry in mine]


def _write_reports(entries: list[Entry], attempts: list[Entry], out: Path) -> list[Path]:
    try:
        pages = write_feedback(entries, attempts, out)
        table = results_csv(entries, out / "results.csv")
        return [*(out / page for page in pages.values()), table, write_dashboard(entries, pages, out / "index.html")]
    except OSError as error:
        raise BatchError(
            f"The reports could not be written to {out} ({error.strerror}); the marks are safe."
        ) from error


@contextmanager
def _only_run(out: Path) -> Iterator[None]:
    """Keep a second run away from the same results."""
    import filelock

    try:
        out.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(out / ".grading.lock", timeout=0)
        lock.acquire()
    except filelock.Timeout:
        raise BatchError(f"Another run is grading into {out}: wait for it, or choose another folder.") from None
    except OSError as error:
        raise BatchError(f"{out} cannot be written ({(error.strerror or 'unknown reason').lower()}).") from None
    try:
        yield
    finally:
        lock.release()


# --- doing it ---------------------------------------------------------------------------------------------------


class _Reporter:
    """Counts what is done and passes it on."""

    def __init__(self, progress: Progress | None, total: int, done: int):
        self._progress, self._total, self._done = progress, total, done
        self._show("")

    def finished(self, name: str) -> None:
        self._done += 1
        self._show(name)

    def _show(self, name: str) -> None:
        if self._progress:
            self._progress(self._done, self._total, name)


class _Run:
    """Keeps as many submissions in work as there are workers, and writes down each as it is finished."""

    def __init__(self, book: Gradebook, setting: _Setting, report: _Reporter, workers: int):
        self._book, self._setting, self._report, self._workers = book, setting, report, workers
        self._started: dict[Future, Job] = {}

    def everything(self, jobs: list[Job], foreign: Executor | None) -> bool:
        """Grade all jobs; returns whether the user stopped it."""
        executor = foreign or ThreadPoolExecutor(self._workers, thread_name_prefix="grading")
        waiting = deque(jobs)
        try:
            while waiting or self._started:
                while waiting and len(self._started) < self._workers:
                    self._start(waiting.popleft(), executor)
                self._collect()
        except BaseException as error:
            for future in self._started:
                future.cancel()
            if not foreign:
                warm.stop()  # what is in work comes back at once, and is not written down
            if isinstance(error, KeyboardInterrupt):
                return True
            raise
        finally:
            if not foreign:
                executor.shutdown(cancel_futures=True)
        return False

    def _start(self, job: Job, executor: Executor) -> None:
        try:
            data = b"" if job.problem else untrusted.read_file(job.path)
        except SubmissionProblem as problem:  # it has changed since the run began
            job, data = replace(job, problem=str(problem)), b""
        self._started[executor.submit(grade_job, job, data, self._setting)] = job

    def _collect(self) -> None:
        done, _ = wait(self._started, return_when=FIRST_COMPLETED)
        for future in done:
            job = self._started.pop(future)
            error = future.exception()
            entry = future.result() if error is None else _unread(job, self._setting, _defect(error), failed=True)
            seen = replace(job, sha256=entry.sha256)  # the file as it was read, should it have changed since
            self._book.record(replace(entry, fingerprint=self._setting.fingerprint(seen, entry.day)))
            self._report.finished(job.name)


def grade_job(job: Job, data: bytes, setting: _Setting) -> Entry:
    """Read and grade one submission, in a worker; whatever happens comes back as its entry, yet without fingerprint."""
    if not job.problem:
        job = replace(job, sha256=hashlib.sha256(data).hexdigest())
    try:
        if job.problem:
            raise SubmissionProblem(job.problem)
        submission = read_submission(job.path, setting.wanted, data)
    except SubmissionProblem as problem:
        return _unread(job, setting, str(problem))
    entry = Entry(
        file=job.name,
        sha256=job.sha256,
        student=submission.student,
        day=submission.day.slug,
        submitted=submission.submitted or job.submitted,
        fingerprint="",
        notes=submission.notes,
        doubtful=submission.doubtful,
        max_points=float(submission.day.points),
        graded=datetime.now(UTC),
    )
    try:
        grade = setting.grade(submission.notebook, submission.day, limits=setting.limits, sandbox=setting.sandbox)
    except GradingError as error:
        return replace(entry, failed=True, problem=printable(str(error), 500))
    except Exception as error:  # a defect of ours is one open mark and not the end of the batch
        return replace(entry, failed=True, problem=_defect(error))
    return replace(entry, grade=grade, max_points=grade.max_points, graded=datetime.now(UTC))


def _unread(job: Job, setting: _Setting, problem: str, failed: bool = False) -> Entry:
    """The line of a file that could not be read: its learner from the file name, no points."""
    slug = setting.wanted.slug if setting.wanted else ""
    return Entry(
        file=job.name,
        sha256=job.sha256,
        student=student_from_path(job.path),
        day=slug,
        submitted=job.submitted,
        fingerprint="",
        problem=problem,
        failed=failed,
        max_points=float(setting.wanted.points) if setting.wanted else 0.0,
        graded=datetime.now(UTC),
    )


def _defect(error: BaseException) -> str:
    return f"Grading failed ({type(error).__name__}: {printable(str(error), 300)})."
