"""Replaying the merged notebook with nbval, through a kernel that outlives it for the tests.

nbval starts a kernel of its own and stops it with the notebook. Here it is handed the submission's kernel instead, so
that the functions which its cells define are there when pytest calls them.
"""

import os
import tempfile
from pathlib import Path

import nbformat
import nbval.plugin
import pytest

from course_utils.grading.conversation import Crashed, TimedOut
from course_utils.grading.files import printable
from course_utils.grading.testing import PLUGINS_OFF, OnlyThese, TestingError, brief_report

_MESSAGE = 300


def replay(examination):
    """Run the cells of an Examination and note each one's outcome there."""
    cells = [nbformat.v4.new_code_cell(cell["source"], id=f"cell-{n}") for n, cell in enumerate(examination.cells)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder).resolve() / "notebook.ipynb"
        path.write_text(nbformat.writes(nbformat.v4.new_notebook(cells=cells)), encoding="utf-8")
        nbval.plugin.RunningKernel = lambda *_, **__: _Borrowed(examination)
        arguments = [str(path), "-c", os.devnull, f"--rootdir={path.parent}", f"--confcutdir={path.parent}"]
        arguments += ["--noconftest", "--disable-plugin-autoload", "-p", "no:python", "-p", "no:tmpdir"]
        arguments += ["--nbval-lax", f"--nbval-cell-timeout={examination.limits.cell}"]
        for name in PLUGINS_OFF:
            arguments += ["-p", f"no:{name}"] if name != "terminal" else []  # nbval asks it about colours
        if pytest.main(arguments, plugins=[nbval.plugin, _Notes(examination), OnlyThese(path)]) not in (
            pytest.ExitCode.OK,
            pytest.ExitCode.TESTS_FAILED,
        ):
            raise TestingError("nbval could not replay the notebook.")


class _Borrowed:
    """What nbval calls a running kernel: the submission's, which it may use and not stop."""

    language = "python"

    def __init__(self, examination):
        self.examination = examination
        self.conversation = examination.conversation

    def is_alive(self):
        return True

    def execute_cell_input(self, source, allow_stdin=None):
        examination = self.examination
        examination.last_error = ""
        if examination.over():
            raise TimedOut
        examination.ready(examination.current)
        return self.conversation.execute(source)

    def await_reply(self, request, timeout=None):
        self.conversation.reply(request, self.examination.remaining(timeout))
        if self.examination.cells[self.examination.current]["task"]:  # one that ends the kernel late is found out here
            self.conversation.ping(self.examination.remaining(timeout))

    def get_message(self, stream, timeout=None):
        message = self.conversation.message(timeout)
        if message["msg_type"] == "error":
            self.examination.last_error = _one_line(message["content"])
        return message

    def await_idle(self, request, timeout):
        while True:
            message = self.get_message("iopub", timeout)
            if (
                message["parent_header"].get("msg_id") == request
                and message["content"].get("execution_state") == "idle"
            ):
                return

    def interrupt(self):
        pass

    def stop(self):
        pass


class _Notes:
    """Turns what pytest reports of a cell into its outcome."""

    def __init__(self, examination):
        self.examination = examination

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item):
        item.parent.timed_out = False  # nbval would expect every later cell to fail
        self.examination.current = item.cell_num

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item, call):
        if call.when == "call":
            self.examination.outcomes[item.cell_num] = self._outcome(call.excinfo)
        return brief_report(item, call)

    def _outcome(self, excinfo):
        examination = self.examination
        limit = examination.limits.cell
        if excinfo is None:
            return "passed", ""
        if isinstance(excinfo.value, TimedOut) and examination.over():
            return "timeout", f"The {examination.limits.total:g} seconds of a submission were used up."
        if isinstance(excinfo.value, TimedOut):
            return "timeout", f"The cell ran for more than {limit:g} seconds and was stopped."
        if isinstance(excinfo.value, Crashed):
            why = examination.conversation.close()
            memory = f": it used more than {examination.limits.memory} MiB of memory" if why == "memory" else ""
            return "crashed", f"The kernel died in this cell{memory}."
        if isinstance(excinfo.value, pytest.skip.Exception):
            return "passed", ""
        return "failed", examination.last_error or "The cell's outcome could not be read."


def _one_line(content):
    lines = str(content.get("evalue", ""))[:10_000].strip().splitlines()
    return printable(f"{str(content.get('ename', 'Error'))[:80]}: {lines[0] if lines else ''}", _MESSAGE).rstrip(": ")
