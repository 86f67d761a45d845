"""The trusted side of one submission: a short-lived process that replays the notebook and runs the tests.

It is forked from the warm process for one submission and ends with it, so nothing is carried to the next. It never
imports, evaluates or compares an object of the learner's: cells go to the kernel as text, and values come back through
`wire`.
"""

import contextlib
import json
import os
import resource
import shutil
import signal
import socket
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from course_utils.grading import judging, merging, models, namespaces, sandbox, testing, untrusted, warm, wire
from course_utils.grading import kernel as kernels
from course_utils.grading.conversation import Conversation, Crashed, Stopwatch, TimedOut
from course_utils.grading.discretion import Discretion
from course_utils.grading.limits import MIB, PATIENCE, Limits

_OWN_MEMORY = 4096 * MIB
_SLACK = 15.0  # seconds beyond a task's own after which a test is stopped, whatever it waits for
_DEAF = 1.0  # seconds for further calls of a task that ignored an interrupt: a second such call ends it
_REST = 0.05  # seconds that a call is given at least, so that a spent budget is still said as a time-out


def run(order: dict, connection: socket.socket):
    """In a fork of the warm process: read the submission, write the finding as JSON, end."""
    folder = ""
    try:
        _become_examiner(connection)
        folder = tempfile.mkdtemp(prefix="course-")
        os.chdir(folder)
        connection.sendall(json.dumps({"pid": os.getpid()}).encode() + b"\n")
        with connection.makefile("rb") as stream:
            data = stream.read()
        finding = examine(data, order)
        connection.sendall(json.dumps(finding).encode() + b"\n")
    except testing.TestingError as error:
        connection.sendall(json.dumps({"broken": str(error)}).encode() + b"\n")
    except BaseException as error:
        broken = f"Grading failed: {type(error).__name__}: {error}"
        connection.sendall(json.dumps({"broken": broken}).encode() + b"\n")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(0)


def examine(data: bytes, order: dict) -> dict:
    """Grade the notebook in `data`; the finding has the fields of a Grade that come from the run itself."""
    try:
        submitted, problems = untrusted.read_notebook(data)
    except untrusted.SubmissionProblem as problem:
        return {"tests": [], "public": [], "cells": [], "problems": [str(problem)], "peak_memory": 0}
    released, _ = untrusted.read_notebook(Path(order["exercise"]).read_bytes())
    public = [cell["source"] for cell in released["cells"]] + [Path(order["public_tests"]).read_text(encoding="utf-8")]
    cells, mended = merging.merge(released, submitted)
    examination = Examination(cells, order, "\n".join(public))
    try:
        examination.conversation.begin()
        replayed = examination.replay()
        # The public tests come first: a function that has seen hidden data could repeat it where its errors are shown.
        public = examination.test(order["public_tests"], secret=False)
        tests = examination.test(order["hidden_tests"], secret=True)
    finally:
        examination.close()
    return {
        "tests": [vars(result) for result in tests],
        "public": [vars(result) for result in public],
        "cells": replayed,
        "problems": [*problems, *mended, *examination.problems],
        "peak_memory": examination.conversation.peak,
    }


class Examination:
    """One submission's kernel, what became of its cells, and the time that its tasks have left."""

    def __init__(self, cells: list[dict], order: dict, public: str):
        self.cells = cells
        self.public = public
        self.limits = Limits(**order["limits"])
        self.problems = []
        self.deadline = time.monotonic() + self.limits.total
        self.outcomes = {}  # cell number -> (outcome, message)
        self.blamed = {}  # task -> why its remaining tests are not run
        self.left = {}  # task -> seconds
        self.deaf = set()  # tasks that had to be killed, for they ignored an interrupt
        self.models = {}  # (function, arguments) -> the model that it handed over, or the error
        self.judges = []
        self.broken = ""  # why no kernel can be started
        address, level = order["address"], order["level"]

        def start():
            return kernels.Kernel(lambda wanted: warm.ask(address, wanted), level, self.limits)

        self.start = start
        self.conversation = Conversation(start, self.limits.output * 1024, self.deadline)

    def close(self):
        """End all kernels."""
        for judge in self.judges:
            judge.close()
        self.conversation.close()

    def ready(self, before: int):
        """See that there is a kernel in which the cells before that one have run; those that broke one are left out."""
        if self.conversation.alive():
            return
        if self.conversation.client is not None:
            self.conversation.close()
        if self.over():
            raise TimedOut
        with self.starting():
            self.conversation.open()
        for number in range(before):
            if self.outcomes[number][0] in ("passed", "failed"):
                self.quietly(number)

    @contextlib.contextmanager
    def starting(self):
        """Where a kernel is started: before any of the learner's code has run in it, a failure is the grader's own."""
        self.sound()
        try:
            yield
        except kernels.KernelError as error:
            self.broken = str(error)
            raise

    def sound(self):
        """See that kernels can be started: a submission that had none has shown nothing, and its mark stays open.

        Pytest, in whose hands cells and tests are run, takes the same error for one cell's or one test's.
        """
        if self.broken:
            raise kernels.KernelError(self.broken)

    def quietly(self, number):
        """Run a cell again after a crash; it has been judged already."""
        try:
            request = self.conversation.execute(self.cells[number]["source"])
            self.conversation.reply(request, self.remaining(self.limits.cell))
        except (Crashed, TimedOut):
            self.outcomes[number] = ("crashed", "The kernel died when this cell ran a second time.")
            self.ready(number)

    def over(self) -> bool:
        """Whether the submission's time is used up."""
        return time.monotonic() > self.deadline

    def remaining(self, limit: float) -> float:
        """Seconds, at most `limit`, until the submission's time is over."""
        return max(_REST, min(limit, self.deadline - time.monotonic()))

    def replay(self) -> list[dict]:
        """Run the cells through nbval; one result a cell."""
        from course_utils.grading.replaying import replay

        replay(self)
        self.sound()
        if self.conversation.cut:
            self.problems.append("The notebook's output was longer than what is kept; the rest was cut.")
        rows = []
        for number, cell in enumerate(self.cells):
            outcome, message = self.outcomes.get(number, ("failed", "The cell was not run."))
            rows.append({"cell_id": cell["id"], "task": cell["task"], "outcome": outcome, "message": message})
        return rows

    def test(self, test_file: str, secret: bool) -> list[testing.TestResult]:
        """Run a day's tests against the kernel; a task that breaks it loses its own remaining tests and no others."""
        self.blamed, self.left = {}, {}
        submission = KernelSubmission(self, Discretion(self.public) if secret else None)
        longest = max(self.limits.task, 2 * self.limits.cell) * PATIENCE + _SLACK  # a training, and loading its model
        results = testing.run_tests(test_file, submission, timeout=longest, before=submission.begin)
        self.sound()
        fit = submission.discretion.fit if secret else str
        return [replace(result, hint=fit(result.hint)) for result in results]


class KernelSubmission:
    """The `submission` of the tests: the learner's functions, called in their kernel."""

    def __init__(self, examination: Examination, discretion: Discretion | None):
        self.discretion = discretion  # None for public tests, which hide nothing
        self._examination = examination
        self._task = ""

    def begin(self, task: str):
        """A test of this task begins."""
        self._task = task

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)

        def function(*arguments, **named):
            if self.discretion:
                self.discretion.tell([arguments, named])
            reply = self._call(name, arguments, named)
            return testing.result(name, reply, secret=self.discretion is not None)

        return function

    def model(self, name: str, *arguments, **named) -> models.HandedModel:
        """The model that the learner's function `name` hands over; the same one for the same arguments."""
        key = (name, wire.encode([arguments, named]))
        known = self._examination.models
        if key not in known:
            try:
                known[key] = self._judged(name, arguments, named)
            except models.ModelError as error:
                known[key] = testing.no_model(name, error)
            except testing.SubmissionError as error:
                known[key] = error
        if isinstance(known[key], testing.SubmissionError):
            raise known[key]
        return known[key]

    def _judged(self, name, arguments, named):
        if self.discretion:
            self.discretion.tell([arguments, named])

        def call(by, *values):
            reply = self._call(name, *((values, {}) if values else (arguments, named)), by)
            return testing.result(name, reply, secret=self.discretion is not None)

        examination = self._examination
        config, weights = judging.fetched(name, call)
        architecture, kept, parameters = models.inspect(config, weights)
        judge = judging.Judge(examination.start, examination.limits, examination.deadline)
        examination.judges.append(judge)
        with examination.starting():
            judge.load(architecture, kept, weights)
        return models.HandedModel(architecture, kept, parameters, judge.ask)

    def _call(self, name, arguments, named, by="reply"):
        examination, task = self._examination, self._task
        if task in examination.blamed:
            raise examination.blamed[task]
        if examination.over():
            raise testing.SubmissionTimeout(f"The {examination.limits.total:g} seconds of a submission were used up.")
        training, limits = by == "hand_over", examination.limits  # which may take as long as a cell
        left = examination.left.setdefault(task, limits.task)
        most = limits.cell if training else min(limits.call, left)
        most = min(most, _DEAF) if task in examination.deaf else most
        watch = None
        try:
            examination.ready(len(examination.cells))
            watch = Stopwatch(examination.conversation.kernel)
            return examination.conversation.call(name, arguments, named, examination.remaining(most), by)
        except Crashed:
            why = examination.conversation.close()
            raise self._blame(testing.SubmissionError(_crash(name, why, examination.limits))) from None
        except TimedOut as late:
            error = testing.SubmissionTimeout(f"{name} did not answer within {most:.3g} seconds.")
            spent = training or left - most <= _REST or (late.deaf and task in examination.deaf)
            examination.deaf |= {task} if late.deaf else set()
            raise (self._blame(error) if spent else error) from None
        finally:
            if watch and not training:
                examination.left[task] = left - watch.seconds()

    def _blame(self, error):
        self._examination.blamed[self._task] = error
        return error


def _crash(name, why, limits):
    if why == "memory":
        return f"{name} used more than {limits.memory} MiB of memory, so the kernel was ended."
    return f"The kernel did not survive {name}: it died or was broken."


def _become_examiner(connection):
    """Let go of everything of the warm process but the connection; end when it ends; bound the own memory."""
    os.setsid()
    if namespaces.supported():
        namespaces.end_with_parent()
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    sandbox.quiet()
    sandbox.close_descriptors({connection.fileno()})
    resource.setrlimit(resource.RLIMIT_DATA, (_OWN_MEMORY, _OWN_MEMORY))
