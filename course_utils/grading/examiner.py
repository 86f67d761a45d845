"""The trusted side of one submission: a short-lived process that replays the notebook and runs the tests.

It is forked from the warm process for one submission and ends with it, so nothing is carried to the next. It never
imports, evaluates or compares an object of the learner's: cells go to the kernel as text, and values come back through
`wire`.
"""

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

from course_utils.grading import kernel as kernels
from course_utils.grading import merging, namespaces, sandbox, testing, untrusted, warm
from course_utils.grading.conversation import Conversation, Crashed, TimedOut
from course_utils.grading.limits import MIB, Limits

_OWN_MEMORY = 4096 * MIB
_SLACK = 15.0  # seconds beyond a task's own after which a test is stopped, whatever it waits for
_SHOWN = 6  # characters of a text from which on it is recognised in a hint
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
    except BaseException as error:
        connection.sendall(json.dumps({"broken": f"{type(error).__name__}: {error}"}).encode() + b"\n")
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
    cells, mended = merging.merge(released, submitted)
    examination = Examination(cells, order)
    try:
        examination.conversation.begin()
        replayed = examination.replay()
        # The public tests come first: a function that has seen hidden data could repeat it where its errors are shown.
        public = examination.test(order["public_tests"], secret=False)
        tests = examination.test(order["hidden_tests"], secret=True)
    finally:
        examination.conversation.close()
    return {
        "tests": [vars(result) for result in tests],
        "public": [vars(result) for result in public],
        "cells": replayed,
        "problems": [*problems, *mended, *examination.problems],
        "peak_memory": examination.conversation.peak,
    }


class Examination:
    """One submission's kernel, what became of its cells, and the time that its tasks have left."""

    def __init__(self, cells: list[dict], order: dict):
        self.cells = cells
        self.limits = Limits(**order["limits"])
        self.problems = []
        self.deadline = time.monotonic() + self.limits.total
        self.outcomes = {}  # cell number -> (outcome, message)
        self.blamed = {}  # task -> why its remaining tests are not run
        self.left = {}  # task -> seconds
        address, level = order["address"], order["level"]

        def start():
            return kernels.Kernel(lambda wanted: warm.ask(address, wanted), level, self.limits)

        self.conversation = Conversation(start, self.limits.output * 1024)

    def ready(self, before: int):
        """See that there is a kernel in which the cells before that one have run; those that broke one are left out."""
        if self.conversation.alive():
            return
        if self.conversation.client is not None:
            self.conversation.close()
        if self.over():
            raise TimedOut
        self.conversation.open()
        for number in range(before):
            if self.outcomes[number][0] in ("passed", "failed"):
                self.quietly(number)

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
        submission = KernelSubmission(self, secret)
        results = testing.run_tests(test_file, submission, timeout=self.limits.task + _SLACK, before=submission.begin)
        return [replace(result, hint=submission.discreet(result.hint)) for result in results]


class KernelSubmission:
    """The `submission` of the tests: the learner's functions, called in their kernel."""

    def __init__(self, examination: Examination, secret: bool):
        self._examination = examination
        self._secret = secret
        self._task = ""
        self._told = set()

    def begin(self, task: str):
        """A test of this task begins."""
        self._task = task

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)

        def function(*arguments, **named):
            self._told |= set(_texts([arguments, named]))
            reply = self._call(name, arguments, named)
            return testing.result(name, reply, self._secret)

        return function

    def discreet(self, hint: str) -> str:
        """The hint of a hidden test, unless it repeats a text that the test has sent."""
        repeats = self._secret and any(text in hint for text in self._told)
        return "The result is not what the task asks for." if repeats else hint

    def _call(self, name, arguments, named):
        examination, task = self._examination, self._task
        if task in examination.blamed:
            raise examination.blamed[task]
        if examination.over():
            raise testing.SubmissionTimeout(f"The {examination.limits.total:g} seconds of a submission were used up.")
        left = examination.left.setdefault(task, examination.limits.task)
        started = time.monotonic()
        try:
            examination.ready(len(examination.cells))
            seconds = examination.remaining(min(examination.limits.call, left))
            return examination.conversation.call(name, arguments, named, seconds)
        except Crashed:
            why = examination.conversation.close()
            raise self._blame(testing.SubmissionError(_crash(name, why, examination.limits))) from None
        except TimedOut:
            error = testing.SubmissionTimeout(f"{name} did not answer within {seconds:.3g} seconds.")
            raise (self._blame(error) if left - (time.monotonic() - started) <= _REST else error) from None
        finally:
            examination.left[task] = left - (time.monotonic() - started)

    def _blame(self, error):
        self._examination.blamed[self._task] = error
        return error


def _texts(value):
    """Every string in a test's arguments that is long enough to be recognised."""
    if isinstance(value, str):
        return [value] if len(value) >= _SHOWN else []
    items = [*value.keys(), *value.values()] if isinstance(value, dict) else value
    return [text for item in items for text in _texts(item)] if isinstance(items, (list, tuple, set)) else []


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
