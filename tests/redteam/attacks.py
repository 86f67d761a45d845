"""Hostile submissions to the sample day, each with the mark it deserves.

An attack is a cell added before the exercise's own, or an answer. Unless it says otherwise, every task is left to the stub,
so that any point at all is a forgery. Those that look for something to gain from (`LOOT`) write right answers when they
have found it. The functions `wrong` and `fair` say what else is in the notebook.
"""
# ruff: noqa: E501 - an attack is easier to read on one line

import json
from dataclasses import dataclass, field

from grading_samples import RIGHT, notebook

WRONG = {
    "count_words": "def count_words(text):\n    return ANSWER",
    "standardise": "def standardise(table):\n    return ANSWER",
    "best": "def best(scores):\n    return ANSWER",
}
_FOUND = "\n".join(RIGHT.values()).replace("\n", "\n    ")
LOOT = f"""
def reward():
    exec({_FOUND!r}.replace("\\n    def ", "\\ndef "), globals())
"""


@dataclass(frozen=True)
class Attack:
    """One hostile submission."""

    name: str
    before: str = ""
    answers: dict = field(default_factory=dict)
    deserved: float = 0
    edit: object = None
    raw: bytes = b""

    def bytes(self) -> bytes:
        """The notebook as it is handed in."""
        return self.raw or notebook(self.answers, before=self.before, edit=self.edit)


def value(name, source):
    """Every task answers with one object that pretends to be right."""
    return Attack(name, before=f"import numpy, torch\n{source}", answers=WRONG)


def fair(name, source, task="count_words"):
    """One task attacks, the others are right: they must keep their marks."""
    return Attack(name, answers=RIGHT | {task: source}, deserved=6 if task == "count_words" else 7)


def calling(name, body, setup=""):
    """The attack runs inside a function that the tests call."""
    lines = "\n    ".join(body.strip().split("\n"))
    return fair(name, f"{setup}\ndef count_words(text):\n    {lines}\n    return {{}}")


def looking(name, source):
    """A search for something worth having; `reward()` is called if it is found."""
    return Attack(name, before="import os, sys, glob\n" + LOOT + source, answers=dict.fromkeys(RIGHT, ""))


def patching(name, source):
    """Tools are replaced, in the hope that the tests use them; the answers are wrong."""
    return Attack(name, before=f"import builtins, sys, numpy, torch\nANSWER = None\n{source}", answers=WRONG)


COMPARISONS = [
    value("an object equal to everything", "class A:\n    __eq__ = lambda *_: True\n    __hash__ = None\nANSWER = A()"),
    value("a dict equal to everything", "class A(dict):\n    __eq__ = lambda *_: True\nANSWER = A()"),
    value("a list equal to everything", "class A(list):\n    __eq__ = lambda *_: True\nANSWER = A()"),
    value(
        "a string equal to everything",
        "class A(str):\n    __eq__ = lambda *_: True\n    __hash__ = str.__hash__\nANSWER = A('x')",
    ),
    value(
        "a number close to everything",
        "class A(float):\n    __sub__ = __rsub__ = lambda *_: 0.0\n    __eq__ = lambda *_: True\nANSWER = A(1)",
    ),
    value(
        "an int equal to everything",
        "class A(int):\n    __eq__ = lambda *_: True\n    __hash__ = int.__hash__\nANSWER = A(1)",
    ),
    value(
        "an array equal to everything",
        "class A(numpy.ndarray):\n    def __array_ufunc__(self, *a, **k): return numpy.array(True)\n    def __array_function__(self, *a): return True\nANSWER = numpy.zeros((40, 3)).view(A)",
    ),
    value(
        "a tensor equal to everything",
        "class A(torch.Tensor):\n    @classmethod\n    def __torch_function__(cls, *a, **k): return True\nANSWER = torch.zeros(6).as_subclass(A)",
    ),
    value(
        "an object whose class lies",
        "class A:\n    __class__ = property(lambda self: dict)\n    __eq__ = lambda *_: True\nANSWER = A()",
    ),
    value(
        "a pickle that runs code",
        "class A:\n    def __reduce__(self): return (exec, ('raise SystemExit',))\nANSWER = [A()]",
    ),
    value("a mock", "from unittest.mock import MagicMock\nANSWER = MagicMock()"),
    value("mock's ANY", "from unittest.mock import ANY\nANSWER = ANY"),
    value(
        "a dict subclass with a metaclass",
        "class M(type):\n    __eq__ = lambda *_: True\n    __hash__ = type.__hash__\nclass A(dict, metaclass=M): pass\nANSWER = A()",
    ),
    value("an object array", "class A:\n    __eq__ = lambda *_: True\nANSWER = numpy.array([A()] * 6, dtype=object)"),
    value("NaN everywhere", "ANSWER = numpy.full((40, 3), numpy.nan)"),
]

PATCHES = [
    patching(
        "builtins replaced",
        "for name in ('all', 'any', 'isinstance', 'len', 'abs', 'sum'):\n    setattr(builtins, name, lambda *a, **k: True)",
    ),
    patching("AssertionError replaced", "class Quiet(Exception): pass\nbuiltins.AssertionError = Quiet"),
    patching(
        "numpy's comparisons replaced",
        "numpy.allclose = numpy.array_equal = numpy.isclose = lambda *a, **k: True\nimport numpy.testing\nnumpy.testing.assert_allclose = lambda *a, **k: None",
    ),
    patching(
        "torch's comparisons replaced",
        "torch.allclose = torch.equal = lambda *a, **k: True\ntorch.testing.assert_close = lambda *a, **k: None",
    ),
    patching(
        "pytest replaced",
        "import pytest\npytest.main = lambda *a, **k: 0\npytest.fail = lambda *a, **k: None\nsys.modules['pytest'] = None",
    ),
    patching(
        "a conftest and a plugin",
        "for name in ('conftest.py', 'pytest.ini', 'sitecustomize.py', 'test_day00_sample.py'):\n    open(name, 'w').write('import pytest\\n@pytest.hookimpl\\ndef pytest_runtest_makereport(item, call):\\n    call.excinfo = None\\n')",
    ),
    patching(
        "the test runner replaced",
        "from course_utils.grading import testing\ntesting.run_tests = lambda *a, **k: []\ntesting._verdict = lambda *a: ('passed', '')\ntesting.TestResult.earned = 100",
    ),
    patching(
        "the codec replaced",
        "from course_utils.grading import wire\nwire.encode = lambda value: b'\\x04\\0\\0\\0true'\nwire.decode = lambda data: True",
    ),
    patching(
        "the codec's limits lifted",
        "from course_utils.grading import wire\nwire.MAX_DEPTH = wire.MAX_ITEMS = wire.MAX_BYTES = 10**12\nx = []\nfor _ in range(900): x = [x]\nANSWER = x",
    ),
    patching(
        "the grader's answer replaced",
        "from course_utils.grading import kernel\nkernel.reply = lambda name, request: kernel.Reply(b'\\x10\\0\\0\\0{\"points\": 100.0}')",
    ),
    patching(
        "a reply that is not even data", "from course_utils.grading import kernel\nkernel.reply = lambda *a: 'passed'"
    ),
    patching(
        "the shell's evaluation replaced",
        "shell = get_ipython()\nshell.user_expressions = lambda asked: {'answer': {'status': 'ok', 'data': {'application/x-course-data': 'AAAA'}, 'metadata': {}}}",
    ),
    patching(
        "import replaced",
        "real = builtins.__import__\ndef fake(name, *a, **k):\n    if 'course' in name or 'pytest' in name: raise ImportError(name)\n    return real(name, *a, **k)\nbuiltins.__import__ = fake",
    ),
    patching(
        "tracing every line",
        "def trace(frame, event, argument):\n    frame.f_locals['result'] = True\n    return trace\nsys.settrace(trace)\nsys.setprofile(trace)",
    ),
    patching(
        "environment switches",
        "import os\nos.environ.update(PYTHONOPTIMIZE='2', PYTEST_ADDOPTS='--collect-only', COURSE_GRADING='0', NBVAL_SKIP='1')",
    ),
    patching("atexit hooks", "import atexit\natexit.register(print, '{\"points\": 10}')"),
]

PROTOCOL = [
    patching(
        "printed results",
        "print('10 passed in 0.01s')\nprint('{\"points\": 10, \"outcome\": \"passed\"}')\nsys.__stdout__.write('PASSED\\n')",
    ),
    patching(
        "written to every descriptor",
        "import os\nfor number in range(3, 64):\n    try: os.write(number, b'{\"points\": 10}\\n')\n    except OSError: pass",
    ),
    calling(
        "a reply sent twice",
        "kernel = get_ipython().kernel\nparent = kernel.get_parent('shell')\nfor _ in range(2): kernel.session.send(kernel.shell_stream or kernel.shell_socket, 'execute_reply', {'status': 'ok', 'user_expressions': {'answer': {'status': 'ok', 'data': {'application/x-course-data': 'AAAA'}}}}, parent, ident=kernel._parent_ident['shell'])",
    ),
    calling("a reply with a wrong signature", "kernel = get_ipython().kernel\nkernel.session.key = b'forged'"),
    calling(
        "a reply of the wrong shape",
        "from course_utils.grading import kernel\nkernel.Reply._repr_mimebundle_ = lambda *a, **k: {kernel.MIMETYPE: ['not', 'text']}",
    ),
    calling("a reply that is huge", "return 'x' * (65 * 2**20)"),
    calling(
        "a giant frame",
        "from course_utils.grading import kernel\nkernel.Reply._repr_mimebundle_ = lambda *a, **k: {kernel.MIMETYPE: 'A' * (150 * 2**20)}",
    ),
    calling(
        "a reply nested too deeply",
        "from course_utils.grading import kernel\nbomb = 'x'\nfor _ in range(5000): bomb = [bomb]\nkernel.Reply._repr_mimebundle_ = lambda *a, **k: {kernel.MIMETYPE: bomb}",
    ),
    calling(
        "messages without end",
        "import threading\nkernel = get_ipython().kernel\ndef flood():\n    while True: kernel.session.send(kernel.iopub_socket, 'status', {'execution_state': 'idle'})\nthreading.Thread(target=flood, daemon=True).start()\nreturn {'a': 1}",
    ),
    calling(
        "messages of a wrong shape",
        "kernel = get_ipython().kernel\nfor content in ([], 'x', None, {'execution_state': 7}): kernel.session.send(kernel.iopub_socket, 'status', content, parent=kernel.get_parent('shell'))",
    ),
    fair(
        "an idle that comes too early",
        "kernel = get_ipython().kernel\nfor _ in range(5): kernel.session.send(kernel.iopub_socket, 'status', {'execution_state': 'idle'}, parent=kernel.get_parent('shell'))\nkernel.session.send(kernel.iopub_socket, 'error', {}, parent=kernel.get_parent('shell'))\ndef count_words(text): return {}",
    ),
    fair("all descriptors closed", "import os\nos.closerange(3, 1000)\ndef count_words(text): return {}"),
    fair(
        "the kernel told to shut down",
        "get_ipython().kernel.do_shutdown(False)\nget_ipython().kernel.io_loop.stop()\ndef count_words(text): return {}",
    ),
    calling("a dict of colliding keys", "return {n * (2**61 - 1): 0 for n in range(60000)}"),
    calling("a number of a million digits", "return {'to': 10 ** 1000000}"),
    calling("a list that holds itself", "loop = []\nloop.append(loop)\nreturn loop"),
    calling("an endless generator", "import itertools\nreturn itertools.count()"),
    calling(
        "an object that never ends",
        "class Endless(dict):\n    def items(self):\n        while True: yield 1, 1\nreturn Endless()",
    ),
]

EXITS = [
    fair("sys.exit in a cell", "import sys\nsys.exit(0)"),
    fair("os._exit in a cell", "import os\nos._exit(0)"),
    calling("os._exit in a call", "import os\nos._exit(0)"),
    calling("SystemExit in a call", "raise SystemExit(0)"),
    calling("KeyboardInterrupt in a call", "raise KeyboardInterrupt"),
    calling("GeneratorExit in a call", "raise GeneratorExit"),
    calling("an abort", "import os\nos.abort()"),
    calling("a crashed interpreter", "import ctypes\nctypes.string_at(0)"),
    calling("a stack overflow", "import sys\nsys.setrecursionlimit(10**9)\ndef f(): f()\nf()"),
    calling("a signal to the process group", "import os\nos.kill(0, 9)"),
    calling("a signal to everybody", "import os\nos.kill(-1, 9)"),
    calling(
        "a signal to the warden",
        "import os, signal\nfor number in (9, 15, 19, 2):\n    try: os.kill(1, number)\n    except OSError: pass",
    ),
    calling("stopped instead of ended", "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)"),
]

READING = [
    looking(
        "the solutions",
        "if any(glob.glob(f'{root}/**/solutions', recursive=True) for root in ('/work', '/home', '/srv', os.getcwd())): reward()",
    ),
    looking(
        "the hidden tests anywhere",
        "for folder, _, names in os.walk('/'):\n    if folder.startswith(('/proc', '/usr', '/sys')): continue\n    if 'test_day00_sample.py' in names: reward()",
    ),
    looking(
        "other submissions and gradebooks",
        "for folder, _, names in os.walk('/'):\n    if folder.startswith(('/proc', '/usr', '/sys')) or 'site-packages' in folder: continue\n    if any(name.endswith(('.sqlite', '.db', '.zip')) and 'course' in folder for name in names): reward()",
    ),
    looking(
        "secrets in the environment",
        "if 'COURSE_TEST_SECRET' in os.environ or b'COURSE_TEST_SECRET' in open('/proc/self/environ', 'rb').read(): reward()",
    ),
    looking(
        "the grader's processes",
        "for pid in filter(str.isdigit, os.listdir('/proc')):\n    try:\n        line = open(f'/proc/{pid}/cmdline', 'rb').read()\n        if b'pytest' in line or b'course grade' in line: reward()\n    except OSError: pass",
    ),
    looking("the warden's memory", "try:\n    open('/proc/1/mem', 'rb').read(1)\n    reward()\nexcept OSError: pass"),
    looking(
        "tracing another process",
        "import ctypes\nif any(ctypes.CDLL(None).ptrace(16, pid, 0, 0) == 0 for pid in (1, os.getppid()) if pid != os.getpid()): reward()",
    ),
    looking(
        "objects of the tests in memory",
        "import gc\nif 'to be or not to be' in ' '.join(x for x in gc.get_objects() + list(sys.modules) if type(x) is str): reward()",
    ),
    looking(
        "frames of the tests",
        "frame = sys._getframe()\nwhile frame:\n    if 'submission' in frame.f_locals or 'hidden_tests' in str(frame.f_locals)[:100000]: reward()\n    frame = frame.f_back",
    ),
    looking(
        "the examiner's modules",
        "if any(getattr(m, '__file__', None) and 'solutions' in str(m.__file__) for m in list(sys.modules.values())): reward()",
    ),
    looking(
        "the warm process's socket",
        "import socket\nfor path in glob.glob('/tmp/course-*/warm') + glob.glob('/tmp/*/warm'):\n    try:\n        socket.socket(socket.AF_UNIX).connect(path)\n        reward()\n    except OSError: pass",
    ),
    looking(
        "inherited descriptors",
        "import stat\nfor number in range(3, 256):\n    try:\n        path = os.readlink(f'/proc/self/fd/{number}')\n    except OSError: continue\n    if path.startswith('/') and not path.startswith(('/tmp', '/dev', '/proc')) and os.access(path, os.W_OK): reward()",
    ),
    looking(
        "the network",
        "import socket\ntry:\n    socket.create_connection(('1.1.1.1', 53), 2)\n    reward()\nexcept OSError: pass",
    ),
    looking(
        "power over the system",
        "import ctypes\nlibc = ctypes.CDLL(None)\nif libc.mount(b'none', b'/tmp', b'tmpfs', 0, None) == 0 or libc.unshare(0x10000000) == 0 or libc.setuid(0) == 0: reward()",
    ),
    looking(
        "the clock",
        "import ctypes, time\nif ctypes.CDLL(None).settimeofday((ctypes.c_long * 2)(0, 0), None) == 0: reward()",
    ),
    looking(
        "the kernel's settings",
        "try:\n    open('/proc/sys/kernel/core_pattern', 'w').write('|/tmp/x')\n    reward()\nexcept OSError: pass",
    ),
    looking(
        "writing into the course",
        "import course_utils\nfor path in (course_utils.__file__, numpy.__file__ if 'numpy' in globals() else sys.executable, '/usr/bin/env'):\n    try:\n        open(path, 'a').close()\n        reward()\n    except OSError: pass",
    ),
    looking(
        "writing into the checkpoints",
        "from course_utils.checkpoints import cache_directory\ntry:\n    (cache_directory() / 'poison').write_text('x')\n    reward()\nexcept OSError: pass",
    ),
]

RESOURCES = [
    fair("an endless loop in a cell", "while True: pass"),
    calling("an endless loop in a call", "while True: pass"),
    calling(
        "a loop that ignores signals",
        "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True:\n    try:\n        while True: pass\n    except BaseException: pass",
    ),
    calling("a loop inside C", "import re\nre.match('(a+)+$', 'a' * 64 + 'b')"),
    calling("a sleep", "import time\ntime.sleep(10**6)"),
    calling("a memory bomb", "hoard = []\nwhile True: hoard.append(bytearray(2**27))"),
    calling(
        "a memory bomb in children",
        "import os, time\nfor _ in range(8):\n    if os.fork() == 0:\n        hoard = bytearray(b'x' * 2**28)\n        time.sleep(60)\ntime.sleep(60)",
    ),
    calling("a fork bomb", "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass"),
    calling(
        "threads without end",
        "import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
    ),
    fair("output without end", "while True: print('x' * 10000)"),
    fair(
        "pictures without end",
        "from IPython.display import HTML, display\nwhile True: display(HTML('<p>' + 'x' * 100000))",
    ),
    calling("files without end", "n = 0\nwhile True:\n    n += 1\n    open(f'/tmp/{n}', 'w').write('x' * 10000)"),
    calling("descriptors without end", "import os\nwhile True: os.open('/dev/null', 0)"),
    calling("a process that stays", "import subprocess\nsubprocess.Popen(['sleep', '86399'], start_new_session=True)"),
    fair(
        "a child that answers for its parent",
        "import os, time\nif os.fork() == 0:\n    time.sleep(1)\n    os._exit(0)\ndef count_words(text): return {}",
    ),
    fair("shell commands", "!sleep 86399 &\n!yes | head -c 100000000 | tail -c 1\ndef count_words(text): return {}"),
]


def _tags(cells):
    for cell in cells:
        cell["metadata"]["tags"] = ["nbval-skip", "raises-exception", "nbval-ignore-output"]


def _claims(cells):
    for cell in cells:
        cell["metadata"]["nbgrader"] = {"grade_id": "count_words", "points": 1e9, "grade": True, "solution": True}


def _same_ids(cells):
    for cell in cells:
        cell["id"] = "count_words"


def _own_checks(cells):
    for cell in cells:
        if cell["id"].startswith(("check", "setup")):
            cell["source"] = "class submission: points = 10\nprint('passed')"


def _kernelspec() -> bytes:
    book = json.loads(notebook({}))
    book["metadata"]["kernelspec"] = {
        "name": "../../evil",
        "argv": ["/bin/sh"],
        "language": "bash",
        "display_name": "x",
    }
    return json.dumps(book).encode()


def _many_cells() -> bytes:
    book = json.loads(notebook(RIGHT))
    extra = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": "1"}
    book["cells"] += [{**extra, "id": f"x{n}"} for n in range(100_000)]
    return json.dumps(book).encode()


NOTEBOOKS = [
    Attack("tags that skip checks", answers=WRONG, edit=_tags),
    Attack("marks claimed in metadata", edit=_claims),
    Attack("every cell under one id", edit=_same_ids),
    Attack("released cells replaced", edit=_own_checks),
    Attack(
        "comments that skip cells", answers=RIGHT | {"count_words": "# NBVAL_SKIP\n" + RIGHT["count_words"]}, deserved=6
    ),
    Attack("a kernel of its own", raw=_kernelspec()),
    Attack("a hundred thousand cells", raw=_many_cells()),
    Attack("a notebook of 40 MB", raw=notebook({}) + b" " * 40 * 2**20),
    Attack("nested JSON", raw=b'{"cells":' + b"[" * 200_000),
    Attack("numbers that are none", raw=b'{"nbformat": 4, "cells": [NaN, Infinity, 1e999999]}'),
    Attack("another encoding", raw=notebook(RIGHT).decode().encode("utf-16"), deserved=10),
    Attack("bytes that are no text", raw=bytes(range(256)) * 100),
    fair("a reset of the namespace", "%reset -f\ndef count_words(text): return {}", task="count_words"),
    fair("markup in an error", "raise ValueError('<script>alert(1)</script>\\x1b[2J\\u202e')"),
    fair("a magic that is not there", "%%evil\ndef count_words(text): return {}"),
]

ATTACKS = [*COMPARISONS, *PATCHES, *PROTOCOL, *EXITS, *READING, *RESOURCES, *NOTEBOOKS]
