"""Running a day's tests with pytest, in this process, against a submission that may live in another one.

The tests are plain pytest functions that take a `submission` fixture and call the learner's functions on it:

    @pytest.mark.task("classify_texts")
    @pytest.mark.points(2)
    def test_order(submission):
        \"\"\"the labels come in the order of the texts\"\"\"
        assert submission.classify_texts(["good", "bad"]) == ["POSITIVE", "NEGATIVE"], "Keep the order of the texts."

The same file checks the learner's own namespace (`LocalSubmission`) and, when grading, the kernel behind the wall.
"""

import contextlib
import difflib
import inspect
import os
import signal
import sys
import threading
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import ModuleType

import pytest

from course_utils.grading import wire
from course_utils.grading.files import printable

MAX_HINT = 600
PLUGINS_OFF = ["cacheprovider", "terminal", "capture", "logging", "doctest", "junitxml", "faulthandler"]
PLUGINS_OFF += ["unraisableexception", "threadexception", "unittest", "debugging", "recwarn", "subtests", "warnings"]
PLUGINS_OFF += ["pastebin", "setuponly", "setupplan", "stepwise"]


class TestingError(RuntimeError):
    """The tests themselves cannot be run: a file, fixture or test that is missing or broken, or a task without tests.

    Whoever's submission it is, right or wrong: nothing can be said about it.
    """

    __test__ = False


class SubmissionError(AssertionError):
    """The learner's function could not give a result; the message is one sentence for the learner."""


class SubmissionTimeout(SubmissionError):
    """The learner's function did not answer in time."""


class _TestTimeout(BaseException):
    """Raised inside a test that runs too long; no test catches it by accident."""


# What no value that came from a submission, being plain data, can bring about: a misspelt name, a module or fixture
# that is not there, a test that is skipped.
_NEVER_THE_SUBMISSION = (NameError, ImportError, pytest.FixtureLookupError)
_NEVER_THE_SUBMISSION += (pytest.skip.Exception, pytest.xfail.Exception)


@dataclass(frozen=True)
class TestResult:
    """What one test found."""

    __test__ = False

    name: str
    task: str
    points: float
    outcome: str  # "passed", "failed", "error" or "timeout"
    description: str  # the first line of the test's docstring
    hint: str  # the bare assertion message; empty for a test that passed
    seconds: float

    @property
    def earned(self) -> float:
        """The points that count towards the mark."""
        return self.points if self.outcome == "passed" else 0.0


def run_tests(test_file, submission, task=None, timeout=None, before=None) -> list[TestResult]:
    """Run one test file against `submission`, all of it or one task's tests, and return a TestResult for each test.

    Nothing is printed, no ini file, conftest or installed plugin is read. `timeout` bounds each test, in seconds; it
    works in a main thread on Linux and macOS. `before` is called with the task's name as each test begins. Raises
    TestingError if the tests cannot be run, also if that shows only in the set-up of one of them: an error there is the
    tests' own, unless a fixture that asks the submission raises it.
    """
    path = Path(test_file).resolve()
    if not path.is_file():
        raise TestingError(f"There is no test file {path}.")
    plugin = _Plugin(task, timeout, before)
    arguments = [str(path), "-c", os.devnull, f"--rootdir={path.parent}", f"--confcutdir={path.parent}", "--noconftest"]
    arguments += ["--import-mode=importlib", "--assert=plain", "--disable-plugin-autoload", "--strict-markers"]
    for name in PLUGINS_OFF:
        arguments += ["-p", f"no:{name}"]
    with _no_pytest_environment(), _no_rewriting(), _modules_restored(path):
        code = pytest.main(arguments, plugins=[plugin, _fixture(submission), OnlyThese(path)])
    if code == pytest.ExitCode.INTERRUPTED and not plugin.broken:
        raise KeyboardInterrupt
    if plugin.broken:
        raise TestingError(f"The tests in {_shown(path)} cannot be run: {plugin.broken.rstrip('.')}.")
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        about = f" for the task {task!r}" if task else ""
        raise TestingError(f"There are no tests{about} in {_shown(path)}.")
    return plugin.results


class LocalSubmission:
    """The functions of a namespace, called the way grading calls them: arguments and results cross as plain data.

    `submission.name(...)` encodes the arguments, calls the learner's function on decoded copies, and returns a decoded
    copy of the result. Raises SubmissionError with one sentence where grading would.
    """

    def __init__(self, namespace: dict):
        self._namespace = namespace

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)

        def function(*arguments, **named):
            request = wire.encode({"arguments": arguments, "named": named})
            return result(name, answer(self._namespace, name, request))

        return function

    def model(self, name: str, *arguments, **named):
        """The model that the learner's function `name` returns, checked and loaded as in grading: a HandedModel."""
        from course_utils.grading import models

        parcels = []

        def keep(value):
            parcels.append(models.parcel(value))

        result(name, answer(self._namespace, name, wire.encode({"arguments": arguments, "named": named}), keep))
        try:
            architecture, config, parameters = models.inspect(*parcels[0])
            ask = models.build(architecture, config, parcels[0][1])
        except models.ModelError as error:
            raise no_model(name, error) from None
        return models.HandedModel(architecture, config, parameters, ask)


def no_model(name: str, error) -> SubmissionError:
    """What a test says of a model that cannot be graded."""
    return SubmissionError(f"The model that {name} returned cannot be graded: {error}.")


def answer(namespace: dict, name: str, request: bytes, convert=lambda value: value) -> bytes:
    """Call a function of the namespace and return what came of it, as bytes; runs on the learner's side of the wall.

    What the function returns goes through `convert` first.
    """
    function = namespace.get(name)
    if not callable(function):
        near = difflib.get_close_matches(
            name, [key for key, value in namespace.items() if inspect.isfunction(value)], 1
        )
        return wire.encode({"missing": near})
    call = wire.decode(request)
    try:
        value = convert(function(*call["arguments"], **call["named"]))
    except KeyboardInterrupt:
        raise
    except wire.WireError as error:
        return _refused(error)
    except BaseException as error:
        text = str(error).strip().split("\n")[0][:300]
        return wire.encode({"raised": type(error).__name__, "text": text})
    try:
        return wire.encode({"value": value})
    except wire.WireError as error:
        return _refused(error)


def _refused(error):
    return wire.encode({"refused": error.type_name, "text": str(error)})


def result(name: str, reply: bytes, secret: bool = False):
    """The value in a reply of `answer`, or a SubmissionError that says in one sentence why there is none.

    With `secret`, nothing that the learner's side wrote is repeated: an exception's text could carry hidden data.
    """
    try:
        outcome = wire.decode(reply)
    except wire.WireError as error:
        raise SubmissionError(f"What {name} returned could not be read: {error}.") from None
    if type(outcome) is dict and set(outcome) == {"value"}:
        return outcome["value"]
    raise SubmissionError(_sentence(name, outcome if type(outcome) is dict else {}, secret))


def _sentence(name, outcome, secret):
    text = "" if secret else printable(str(outcome.get("text", "")), 300)
    if "missing" in outcome:
        near = outcome["missing"]
        found = f" Did you mean to rename {printable(str(near[0]))}?" if near and not secret else ""
        return f"There is no function {name} in the notebook.{found}"
    if "refused" in outcome:
        if secret and outcome["refused"]:
            text = wire.refusal(str(outcome["refused"]))
        return f"What {name} returned cannot be checked: {text or 'it is no plain data, or too much of it'}."
    raised = printable(str(outcome.get("raised", "")), 80)
    if raised == "NotImplementedError":
        return f"{name} is not written yet."
    if secret and not _is_builtin_exception(raised):
        return f"{name} raised an exception."
    return f"{name} raised {raised}{': ' if text else ''}{text.rstrip('.')}."


def _is_builtin_exception(name):
    import builtins

    known = getattr(builtins, name, None) if name.isidentifier() else None
    return isinstance(known, type) and issubclass(known, BaseException)


def _fixture(submission):
    """A plugin with the fixture `submission`: a module, for an object's fixtures cannot be those of a session."""
    plugin = ModuleType("fixture_of_the_submission")
    plugin.submission = pytest.fixture(scope="session", name="submission")(lambda: submission)
    return plugin


class _Plugin:
    """The plugin of a run: the markers, and the list of results."""

    def __init__(self, task, timeout, before):
        self._before = before
        self._task = task
        self._timeout = timeout
        self._asking = {"submission"}  # the fixtures in which it may be the submission that fails
        self._doubtful = []  # what was raised in them
        self.results = []
        self.broken = ""  # why the tests cannot be run

    def pytest_configure(self, config):
        config.addinivalue_line("markers", "task(name): the task of the exercise that the test belongs to")
        config.addinivalue_line("markers", "points(number): what the test is worth")

    def pytest_collectreport(self, report):
        if report.failed:
            self.broken = _last_line(str(report.longrepr))

    def pytest_collection_modifyitems(self, items):
        if self._task is not None:
            items[:] = [item for item in items if _mark(item, "task", "") == self._task]

    def pytest_internalerror(self, excinfo):
        self.broken = self.broken or _words(excinfo.value)
        return True  # else pytest prints it

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef):
        if self._asking.intersection(fixturedef.argnames):
            self._asking.add(fixturedef.argname)
        try:
            return (yield)
        except BaseException as error:
            self._doubtful += [error] if fixturedef.argname in self._asking else []
            raise

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item):
        if self._before:  # fixtures may ask the submission already
            self._before(_mark(item, "task", ""))
        with _alarm(self._timeout):
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self):
        with _alarm(self._timeout):
            return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item, call):
        if call.when != "teardown" and call.excinfo is not None and self._own_error(call):
            self.broken = item.session.shouldstop = f"{_words(call.excinfo.value)} (in {item.name})"
        elif call.when == "call" or (call.when == "setup" and call.excinfo is not None):
            self.results.append(self._result(item, call))
        return brief_report(item, call)

    def _own_error(self, call):
        """Whether it is the tests that are broken, whatever the submission is like."""
        error = call.excinfo.value
        if isinstance(error, _NEVER_THE_SUBMISSION):
            return True
        asked = isinstance(error, SubmissionError) or any(error is one for one in self._doubtful)
        return call.when == "setup" and not asked

    def _result(self, item, call):
        outcome, hint = ("passed", "") if call.excinfo is None else _verdict(call.excinfo, item.path)
        return TestResult(
            name=item.name,
            task=_mark(item, "task", ""),
            points=float(_mark(item, "points", 0)),
            outcome=outcome,
            description=(inspect.getdoc(item.obj) or item.name).split("\n")[0],
            hint=hint[:MAX_HINT],
            seconds=round(call.duration, 4),
        )


def _words(error):
    """What a broken test file fails of, in one line."""
    if isinstance(error, pytest.FixtureLookupError):
        return error.msg or f"there is no fixture {error.argname!r}"
    if isinstance(error, (pytest.skip.Exception, pytest.xfail.Exception)):
        return "a test is skipped"
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def brief_report(item, call) -> pytest.TestReport:
    """Pytest's report of one step without a traceback, which nobody here reads and which takes longer than the test."""
    outcome = "passed" if call.excinfo is None else "failed"
    return pytest.TestReport(item.nodeid, item.location, {}, outcome, None, call.when)


class OnlyThese:
    """A plugin that keeps pytest from looking at the files beside those that it is to run."""

    def __init__(self, *paths):
        self._paths = paths

    @pytest.hookimpl(tryfirst=True)
    def pytest_ignore_collect(self, collection_path):
        """Ignore a path that leads to none of them."""
        return not any(path.is_relative_to(collection_path) for path in self._paths)


def _verdict(excinfo, test_file):
    """(outcome, hint) of a test that did not pass."""
    error = excinfo.value
    if isinstance(error, (_TestTimeout, SubmissionTimeout)):
        return "timeout", str(error) or "The test took too long."
    if isinstance(error, SubmissionError):
        return "failed", str(error)
    if isinstance(error, AssertionError):
        # A message from deeper down (numpy.testing, say) was not written for the learner and may show what is expected.
        own = Path(excinfo.traceback[-1].path) == test_file
        return "failed", str(error) if own and error.args else "The result is not what the task asks for."
    if isinstance(error, pytest.fail.Exception):
        return "failed", str(error)
    return (
        "error",
        f"The check stopped with {type(error).__name__}: the result has not the form that the task describes.",
    )


def _mark(item, name, default):
    marker = item.get_closest_marker(name)
    return marker.args[0] if marker and marker.args else default


def _shown(path):
    """A test file as it is known within the course: public and hidden tests of a day share their name."""
    return Path(*path.parts[-3:])


def _last_line(text):
    lines = [line.strip() for line in text.strip().split("\n") if line.strip()]
    return lines[-1].removeprefix("E").strip() if lines else "an unknown error"


@contextlib.contextmanager
def _alarm(seconds):
    """Raise _TestTimeout in this thread after so many seconds, where the system can."""
    if not seconds or not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(signum, frame):
        raise _TestTimeout(f"The test took longer than {seconds:g} seconds.")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def _no_pytest_environment():
    saved = {name: os.environ.pop(name) for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS") if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(saved)


@contextlib.contextmanager
def _no_rewriting():
    """Where this runs inside another pytest, that one would add the compared values to every hint: set it aside."""
    hooks = [finder for finder in sys.meta_path if type(finder).__name__ == "AssertionRewritingHook"]
    sys.meta_path[:] = [finder for finder in sys.meta_path if finder not in hooks]
    try:
        yield
    finally:
        sys.meta_path[:0] = hooks


@contextlib.contextmanager
def _modules_restored(path):
    """Forget the test module afterwards: public and hidden tests of a day share a name, and a file may be edited.

    The newest modules are the last ones; to look at all of them would copy much of a forked process's memory.
    """
    before = len(sys.modules)
    try:
        yield
    finally:
        for name in list(islice(reversed(sys.modules), max(0, len(sys.modules) - before))):
            if getattr(sys.modules[name], "__file__", None) == str(path):
                del sys.modules[name]
