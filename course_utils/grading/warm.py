"""The warm process: everything imported once, forked for every submission.

It is a fresh Python of its own that imports PyTorch, Transformers, the kernel, pytest and nbval, runs one forward pass,
freezes what it has, and then only forks: kernels behind the wall for learners' code, and examiners, which run the
tests. It reads orders from the grader and nothing else: no line, no cell and no file of a submission ever enters it, or
the next fork would inherit that.

The order of the preparation matters. Threads must be limited before PyTorch runs anything, for a fork of a process that
has used its thread pool hangs; what is loaded lazily must be touched here, or each fork loads it again; and without
`gc.freeze()` the first collection in a fork copies all memory.
"""

import atexit
import contextlib
import ctypes
import importlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

_LOCK = threading.Lock()
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "COURSE_MODELS", "COURSE_CACHE", "TMPDIR")
MAX_ORDER = 2**20  # bytes
MAX_ORDERS = 2000  # submissions, then a new process takes over
_HUGE, _MADV_COLLAPSE = 2**21, 25
_IMPORTED = ["ipykernel.debugger", "ipykernel.kernelapp", "ipykernel.ipkernel", "IPython", "jupyter_client.blocking"]
_IMPORTED += ["matplotlib_inline.backend_inline", "nbval.plugin", "pytest", "transformers", "transformers.pipelines"]
_IMPORTED += ["IPython.core.completerlib", "IPython.core.debugger", "IPython.core.logger", "IPython.core.oinspect"]
_IMPORTED += ["IPython.extensions.storemagic", "IPython.utils.wildcard", "tornado.platform.asyncio"]
_IMPORTED += ["stack_data", "pygments.formatters.terminal256", "transformers.pipelines.text_classification"]
_IMPORTED += ["course_utils.check", "course_utils.grading.application", "course_utils.grading.examiner"]
_IMPORTED += ["course_utils.grading.replaying"]


class WarmProcess:
    """A running warm process, as the grader sees it."""

    def __init__(self, preload: bool = True):
        """Start it and wait until it is ready; without `preload` it is ready at once and its kernels start cold."""
        from course_utils.checkpoints import cache_directory

        self.folder = tempfile.mkdtemp(prefix="course-")
        self.address = f"{self.folder}/warm"
        self.orders = 0
        environment = _environment() | {"COURSE_CACHE": str(cache_directory()), "HF_HUB_OFFLINE": "1"}
        environment |= {"PYTHONHASHSEED": "0", "TOKENIZERS_PARALLELISM": "false"}
        environment |= {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
        command = [sys.executable, "-s", "-P", "-m", "course_utils.grading.warm"]
        command += [self.address, "warm" if preload else "cold"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self._process = subprocess.Popen(command, env=environment, cwd="/", start_new_session=True, **pipes)
        if self._process.stdout.readline() != b"ready\n":
            self.close()
            raise OSError("the warm process could not be started")

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def retire(self):
        """Let it finish what it has begun, and then end."""
        with contextlib.suppress(OSError):
            self._process.stdin.write(b"r")
            self._process.stdin.flush()

    def close(self):
        """End it, and with it its examiners, and with each of those its kernel."""
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        self._process.stdout.close()
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def ask(address: str, order: dict, payload: bytes = b"") -> socket.socket:
    """Send an order to the warm process at `address`; the answer, or a leash, is the connection that is returned."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.connect(address)
    connection.sendall(json.dumps(order).encode() + b"\n" + payload)
    return connection


def answers(address: str) -> bool:
    """Whether a warm process listens at `address`."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        return connection.connect_ex(address) == 0


def shared(preload: bool = True) -> str:
    """The address of this process's warm process.

    It is started when it is first asked for, and again when it has ended, when the environment that it was started in
    has changed, and after MAX_ORDERS submissions.
    """
    key = (os.getpid(), preload, *sorted(_environment().items()))
    with _LOCK:
        process = _running.get(key)
        if process is not None and process.orders >= MAX_ORDERS:
            process.retire()
            process = None
        if process is None or not process.alive():
            process = _running[key] = WarmProcess(preload)
            atexit.register(process.close)
        process.orders += 1
        return process.address


def stop():
    """End this process's warm processes and their examiners at once; kernels end when their examiners do."""
    with _LOCK:
        for process in _running.values():
            process.close()
        _running.clear()


_running: dict[tuple, WarmProcess] = {}


def _environment():
    """What a warm process takes over from the grader's environment, which may hold secrets besides."""
    return {name: os.environ[name] for name in _KEPT if name in os.environ}


def _serve(address):
    """Fork on orders until the grader goes away (its end of stdin closes) or lets it retire (writes a byte)."""
    from course_utils.grading import namespaces

    if namespaces.supported():
        namespaces.adopt_orphans()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(address)
    listener.listen(64)
    wake, wakened = socket.socketpair()
    wake.setblocking(False)
    wakened.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wakened.fileno())
    os.write(1, b"ready\n")
    retiring = False
    while not (retiring and _childless()):
        ready = select.select([listener, wake, 0], [], [])[0]
        if 0 in ready:
            retiring = True
            if not os.read(0, 1):
                break
        if wake in ready:
            wake.recv(4096)
            _childless()
        if listener in ready:
            with contextlib.suppress(OSError):
                connection, _ = listener.accept()
                _obey(connection)
                connection.close()
    signal.set_wakeup_fd(-1)  # its socket is closed now


def _childless():
    """Take note of children that have ended; whether there is none left."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return True
    return False


def _obey(connection):
    """Fork what the order asks for; what follows the order's line is left for the fork to read."""
    from course_utils.grading import examiner, kernel

    order = json.loads(_line(connection))
    if order["do"] == "kernel":
        kernel.start(order, connection)
    elif os.fork() == 0:
        examiner.run(order, connection)


def _line(connection):
    line = b""
    while not line.endswith(b"\n") and len(line) < MAX_ORDER:
        byte = connection.recv(1)
        if not byte:
            raise OSError("the order was cut off")
        line += byte
    return line


def _prepare():
    """Import and run once what every fork needs."""
    import torch

    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)
    for name in _IMPORTED:
        importlib.import_module(name)
    sys.modules["transformers"].utils.logging.disable_progress_bar()
    _rehearse()
    with contextlib.suppress(Exception):  # a course without its encoder still grades, more slowly
        from transformers import AutoModel, AutoTokenizer

        from course_utils.checkpoints import checkpoint

        folder = checkpoint("encoder")
        batch = AutoTokenizer.from_pretrained(folder)(["warm"], return_tensors="pt")
        with torch.no_grad():
            AutoModel.from_pretrained(folder)(**batch)


def _make_checkpoints():
    """Merge and verify every built-in checkpoint: behind the wall nothing can be written to the cache."""
    from course_utils import checkpoints

    for name in checkpoints.names():
        with contextlib.suppress(checkpoints.CheckpointError):  # the cell that asks for it will say the same
            checkpoints.checkpoint(name)


def _rehearse():
    """Run pytest and read a notebook once, for both import and compile a good deal the first time."""
    import nbformat
    from nbformat.v4 import new_code_cell, new_notebook

    from course_utils.grading.testing import run_tests

    with tempfile.TemporaryDirectory() as folder:
        rehearsal = Path(folder, "test_rehearsal.py")
        rehearsal.write_text("def test_nothing(submission):\n    assert submission is None\n")
        run_tests(rehearsal, None)
    nbformat.validate(new_notebook(cells=[new_code_cell("1")]))


def _collapse_pages():
    """Ask for huge pages in place of small ones: a fork copies one entry a page, and takes a third of the time then."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        madvise = ctypes.CDLL(None).madvise
        for line in Path("/proc/self/maps").read_text().splitlines():
            addresses, mode, *_, name = [*line.split(maxsplit=5), ""][:6]
            start, end = (int(address, 16) for address in addresses.split("-"))
            start, end = -(-start // _HUGE) * _HUGE, end // _HUGE * _HUGE
            if mode == "rw-p" and name in ("", "[heap]") and end > start:
                madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), _MADV_COLLAPSE)


def main(address: str, how: str):
    """Prepare, freeze, serve."""
    import gc

    if how == "warm":
        _prepare()
    _make_checkpoints()
    gc.collect()
    gc.freeze()
    _collapse_pages()
    tempfile.tempdir = os.path.dirname(address)  # what a fork leaves there, should it be killed, goes with the folder
    try:
        _serve(address)
    finally:
        shutil.rmtree(tempfile.tempdir, ignore_errors=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
