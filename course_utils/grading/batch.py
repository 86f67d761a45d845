"""A whole folder: each submission its line whatever happens, nothing done twice, nothing lost.

The work goes through a `concurrent.futures.Executor`: threads here, which only wait, because a warm process forks an
examiner and a kernel for each submission; or any other that is handed in (Dask's `client.get_executor()`). Only this
thread writes the gradebook, one transaction an attempt.
"""

import hashlib
import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, TypedDict, Unpack

from .. import syllabus
from ..syllabus import Day
from . import hand, untrusted, warm
from . import sandbox as sandboxes
from .cluster import cluster
from .entries import Entry, failures
from .feedback import points
from .files import printable
from .gradebook import Gradebook, NoGradebookError
from .jobs import BatchError, GradeFunction, Job, Plan, Setting, check_tests, find_jobs, known, plan, tests_of_days
from .marks import whoami
from .policy import Policy, read_policy
from .reports import write_reports
from .session import GradingError, Limits, grade_notebook
from .submissions import read_submission
from .untrusted import SubmissionProblem

Progress = Callable[[int, int, str], None]  # (submissions done, all of them, what was done last)


@dataclass(frozen=True)
class BatchResult:
    """What a run gave: an entry for every submission of the folder that has been graded, now or before."""

    out: Path
    entries: tuple[Entry, ...]
    total: int  # submissions in the folder
    seconds: float
    interrupted: bool = False
    pages: tuple[Path, ...] = field(default=(), repr=False)
    unfinished: tuple[Entry, ...] = field(default=(), repr=False)  # attempts of this run that failed

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
        """How many submissions grading itself failed for; some may still have the mark of an earlier run."""
        return len(self._failures)

    @property
    def _failures(self) -> list[Entry]:
        found = {(entry.file, entry.sha256): entry for entry in (*self.entries, *self.unfinished) if entry.failed}
        return list(found.values())

    def __str__(self) -> str:
        """What happened, and where everything is."""
        lines = [f"{self.graded} graded in {self.seconds:.1f} s, {self.reused} known from an earlier run."]
        troubled = sum(bool(entry.problem) and not entry.failed for entry in self.entries)
        if troubled:
            lines.append(f"{troubled} could not be graded; each has its line and its page.")
        if self.failed:
            lines.append(f"{self.failed} failed in grading itself. Their marks are open, or as they were before:")
            lines += [f"  {reason}" for reason in failures(self._failures)]
            lines.append("Mend what is named there, then run the same command again: only these are graded.")
        if self.interrupted:
            left = self.total - len(self.entries)
            lines.append(f"Stopped with {left} of {self.total} left: run the same command to go on.")
        lines.append(f"{self.out}: index.html (the class), feedback/ (a page a learner), results.csv, gradebook.db.")
        return "\n".join(lines)

    def table(self):
        """The class as a rich table: learner, day, points of the tests, what to look at."""
        from rich.table import Column, Table
        from rich.text import Text

        table = Table("Learner", "Day", Column("Tests gave", justify="right"), "What to look at", "File")
        for entry in self.entries:
            most = entry.grade.max_points if entry.grade else entry.max_points
            mark = "open" if entry.failed else f"{points(entry.points)} of {points(most)}"
            table.add_row(*map(Text, (entry.student, entry.day or "none", mark, entry.sentence, entry.file)))
        return table


class Options(TypedDict, total=False):
    """What a run and a dry run are told alike; all may be left out."""

    sandbox: str | None  # "bwrap", "namespaces" or "none"; the strongest that works here if None
    limits: Limits | None  # what one submission may use
    regrade: bool  # run everything again; earlier attempts stay in the gradebook
    gradebook: str | Path | None  # a file or an SQLAlchemy URL; `gradebook.db` in `out` if None
    grade: GradeFunction  # what grades one notebook


def grade_folder(
    folder: str | Path,
    out: str | Path,
    day: "str | int | Day | None" = None,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
    policy: str | Path | Policy | None = None,
    scheduler: str | None = None,
    executor: Executor | None = None,
    **options: Unpack[Options],
) -> BatchResult:
    """Grade every submission of a folder and write gradebook, CSV and pages.

    A submission whose bytes, tests, limits and course version are unchanged is not run again, so a run that was
    killed or stopped goes on where it was. Ctrl-C stops at once and keeps what is finished.

    Args:
        folder: zips and notebooks, also in one folder a learner.
        out: where the results go.
        day: grade everything as this day; None to recognise each notebook's day.
        workers: submissions at the same time; as many as there are cores if None.
        progress: called as `progress(done, total, name)` after every submission.
        policy: deadlines and what follows from them; the gradebook keeps it, so None means the one that it has.
        scheduler: the address of a Dask scheduler on whose workers to run.
        executor: where else to run instead of on this machine; it is left open.
        options: sandbox, limits, gradebook and more: see `Options`.

    Raises:
        SandboxError: there is no sandbox, and none was not asked for.
        ClusterError: the scheduler cannot be used.
        PolicyError: the policy's file cannot be read.
        BatchError: nothing to grade, no tests here, another run is busy with `out`, or it cannot be written.
        SubmitError: there is no such folder.
        CollectError: what `course collect` wrote into the folder is damaged.
        GradebookError: the gradebook cannot be opened.
        ReportError: the reports cannot be written; the marks are safe.
        SyllabusError: no such day.
    """
    start = time.monotonic()
    policy = read_policy(policy) if isinstance(policy, str | Path) else policy
    jobs, setting, out, gradebook, regrade = _prepare(folder, out, day, bool(scheduler or executor), **options)
    with _only_run(out), Gradebook(gradebook) as book:
        if policy:
            book.use_policy(policy, whoami())
        done = {} if regrade else known(book, jobs, setting)
        todo = [job for job in jobs if job.key not in done]
        report = _Reporter(progress, len(jobs), len(done))
        with _place(scheduler, executor, workers) as (place, workers):
            run = _Run(book, setting, report, workers)
            interrupted = run.everything(todo, place)
        entries, pages = write_reports(book, out, {job.name: job.path for job in jobs})
    chosen = _entries_of(jobs, entries, done)
    seconds = time.monotonic() - start
    return BatchResult(out, tuple(chosen), len(jobs), seconds, interrupted, tuple(pages), tuple(run.failed))


@contextmanager
def _place(
    scheduler: str | None, executor: Executor | None, workers: int | None
) -> Iterator[tuple[Executor | None, int]]:
    """The executor to run in, None for this machine's own, and how many submissions are in work at the same time."""
    if not scheduler:
        yield executor, workers or _cores()
        return
    with cluster(scheduler) as (remote, threads):
        yield remote, workers or threads


def plan_folder(
    folder: str | Path,
    out: str | Path,
    day: "str | int | Day | None" = None,
    *,
    elsewhere: bool = False,
    **options: Unpack[Options],
) -> Plan:
    """What `grade_folder` would grade, and why; nothing is run or written.

    Args:
        elsewhere: the run would be on other machines, whose sandbox is not known here.

    All other arguments and errors are those of `grade_folder`.
    """
    jobs, setting, out, gradebook, regrade = _prepare(folder, out, day, elsewhere, **options)
    try:
        with Gradebook(gradebook, create=False) as book:
            return plan(book, jobs, setting, regrade)
    except NoGradebookError:
        return plan(None, jobs, setting, regrade)


class _Task(NamedTuple):
    jobs: list[Job]
    setting: Setting
    out: Path
    gradebook: str | Path
    regrade: bool


def _prepare(
    folder: str | Path,
    out: str | Path,
    day: "str | int | Day | None",
    elsewhere: bool,
    sandbox: str | None = None,
    limits: Limits | None = None,
    regrade: bool = False,
    gradebook: str | Path | None = None,
    grade: GradeFunction = grade_notebook,
) -> _Task:
    """What both a run and a dry run begin with."""
    level = sandbox if elsewhere else sandboxes.choose(sandbox)
    folder, out = Path(folder), Path(out)
    wanted = None if day is None else syllabus.day(day)
    check_tests(wanted)
    setting = Setting(wanted, limits or Limits(), level, grade, tests_of_days(wanted))
    return _Task(find_jobs(folder, out), setting, out, gradebook or out / "gradebook.db", regrade)


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


# --- around a run -----------------------------------------------------------------------------------------------


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _entries_of(jobs: list[Job], entries: list[Entry], known: dict[tuple[str, str], str]) -> list[Entry]:
    """The entries for the files of this run, those of earlier runs marked."""
    present = {job.key for job in jobs}
    mine = (entry for entry in entries if (entry.file, entry.sha256) in present)
    return [replace(entry, reused=known.get((entry.file, entry.sha256)) == entry.fingerprint) for entry in mine]


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

    def __init__(self, book: Gradebook, setting: Setting, report: _Reporter, workers: int):
        self._book, self._setting, self._report, self._workers = book, setting, report, workers
        self._started: dict[Future, Job] = {}
        self.failed: list[Entry] = []

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
            entry = self._checked(self._result(future, job))
            seen = replace(job, sha256=entry.sha256)  # the file as it was read, should it have changed since
            entry = replace(entry, fingerprint=self._setting.fingerprint(seen, entry.day))
            self._book.record(entry)
            self.failed += [entry] if entry.failed else []
            self._report.finished(job.name)

    def _result(self, future: Future, job: Job) -> Entry:
        try:
            return future.result()
        except CancelledError:
            raise BatchError(
                "The workers are gone: what was graded is safe, run the same command again when they are back."
            ) from None
        except Exception as error:
            return _unread(job, self._setting, _defect(error), failed=True)

    def _checked(self, entry: Entry) -> Entry:
        """The entry, unless a machine with another edition of the tests has made it: then its mark is open."""
        used = entry.grade.tests_hash if entry.grade else ""
        if not used or used == self._setting.tests.get(entry.day):
            return entry
        why = "Grading failed (a worker has other tests than this machine: bring its copy of the course up to date)."
        return replace(entry, grade=None, failed=True, problem=why)


def grade_job(job: Job, data: bytes, setting: Setting) -> Entry:
    """Read and grade one submission, in a worker; whatever happens comes back as its entry, yet without fingerprint."""
    if not job.problem:
        job = replace(job, sha256=hashlib.sha256(data).hexdigest())
    try:
        if job.problem:
            raise SubmissionProblem(job.problem)
        submission = read_submission(job.path, _here(setting.wanted), data)
    except SubmissionProblem as problem:
        return _unread(job, setting, str(problem))
    known_as = job.collected
    entry = Entry(
        file=job.name,
        sha256=job.sha256,
        student=known_as.learner if known_as else submission.student,
        day=submission.day.slug,
        submitted=job.received(submission.submitted),
        fingerprint="",
        notes=tuple(dict.fromkeys((*(known_as.notes if known_as else ()), *submission.notes))),
        doubtful=known_as.doubtful if known_as else submission.doubtful,
        late=job.late,
        max_points=float(submission.day.points),
        graded=datetime.now(UTC),
    )
    try:
        entry = replace(entry, answers=hand.answers(submission.day, submission.notebook))
    except (OSError, ValueError, KeyError, TypeError) as error:  # our own exercise, and not the submission, is broken
        return replace(entry, failed=True, problem=_defect(error))
    try:
        grade = setting.grade(submission.notebook, submission.day, limits=setting.limits, sandbox=setting.sandbox)
    except GradingError as error:
        return replace(entry, failed=True, problem=printable(str(error), 500))
    except Exception as error:  # a defect of ours is one open mark and not the end of the batch
        return replace(entry, failed=True, problem=_defect(error))
    return replace(entry, grade=grade, max_points=grade.max_points, graded=datetime.now(UTC))


def _here(day: Day | None) -> Day | None:
    """The day as this machine has it, which may keep the course in another folder than the one that asks."""
    return day if day is None or day.root.is_dir() else syllabus.day(day.slug)


def _unread(job: Job, setting: Setting, problem: str, failed: bool = False) -> Entry:
    """The line of a file that could not be read: its learner from the file name, no points."""
    slug = setting.wanted.slug if setting.wanted else ""
    return Entry(
        file=job.name,
        sha256=job.sha256,
        student=job.student,
        day=slug,
        submitted=job.received(),
        late=job.late,
        fingerprint="",
        problem=problem,
        failed=failed,
        max_points=float(setting.wanted.points) if setting.wanted else 0.0,
        graded=datetime.now(UTC),
    )


def _defect(error: BaseException) -> str:
    return f"Grading failed ({type(error).__name__}: {printable(str(error), 300)})."
