"""The kernel that runs a learner's code: ipykernel on sockets that were opened before the wall was closed.

`Kernel` is the handle on the trusted side. `start` forks a kernel in the warm process; `serve` runs behind the wall, in
a process that has nothing but the listening sockets it inherited, so no folder is shared across the wall. `reply`
answers a test's call, also there.
"""

import base64
import contextlib
import json
import os
import secrets
import select
import shutil
import signal
import socket
import sys
import tempfile
import time

from course_utils.grading import limits as bounds
from course_utils.grading import sandbox, seccomp
from course_utils.grading.limits import Limits

CHANNELS = ("shell", "iopub", "stdin", "control", "hb")
MIMETYPE = "application/x-course-data"
_CONFIG = {
    "IPKernelApp": {"log_level": 50, "extensions": []},
    "HistoryManager": {"enabled": False},
    "InteractiveShell": {"colors": "nocolor", "history_length": 0},
}


_weights: list[bytes] = []  # in a learner's kernel: what is being fetched
_FAREWELL = 1.0  # seconds that a warden has for its last word


class KernelError(RuntimeError):
    """A kernel could not be started."""


class Kernel:
    """One kernel behind the wall, and the leash to its warden."""

    def __init__(self, ask, level: str, limits: Limits, own: dict | None = None):
        """Order it; `ask` sends an order to the warm process and returns the connection (see `warm.ask`).

        `own` makes it somebody's own kernel, without wall and limits: {"cwd": folder, "environment": variables}.
        """
        self.level = level
        self.folder = tempfile.mkdtemp(prefix="course-")
        self.connection = _connection(self.folder, secrets.token_hex(16))
        self.status, self.reason, self.peak, self.pid = None, "", 0, 0
        self._unread = b""
        order = {"do": "kernel", "connection": self.connection, "level": level, "limits": vars(limits)}
        order |= {"own": own}
        self._leash = ask(order)

    def up(self, seconds: float = 60):
        """Wait until its warden is there; raises KernelError if the kernel cannot be started."""
        self._leash.settimeout(seconds)
        try:
            while not self.pid:
                self._hear()
        except (OSError, KernelError) as error:
            self.kill()
            raise KernelError(f"The kernel could not be started: {error}") from None
        self._leash.setblocking(False)

    def poll(self) -> int | None:
        """The exit status, or None while the kernel runs."""
        with contextlib.suppress(BlockingIOError):
            while self.status is None:
                self._hear()
        return self.status

    def wait(self, seconds: float) -> int | None:
        """Wait so long for the end."""
        deadline = time.monotonic() + seconds
        while self.poll() is None and (left := deadline - time.monotonic()) > 0:
            select.select([self._leash], [], [], left)
        return self.status

    def processor_seconds(self) -> float:
        """What all processes behind the wall have used so far."""
        return bounds.processor_seconds(self.pid)

    def interrupt(self):
        """Raise KeyboardInterrupt in the kernel's main thread, if it lets that happen."""
        with contextlib.suppress(OSError):
            self._leash.send(b"i")

    def end(self):
        """Let the warden end the kernel and say what it used, then see that everything is gone."""
        with contextlib.suppress(OSError, KernelError):
            self._leash.send(b"q")
            self.wait(_FAREWELL)
        self.kill()

    def kill(self):
        """End everything behind the wall, at once and for good."""
        self._leash.close()
        if self.pid and self.status is None and self.level != "none":  # without a wall the warden has to clean up
            with contextlib.suppress(OSError):
                os.kill(self.pid, signal.SIGKILL)
        if self.status is None:
            self.status = -signal.SIGKILL
        shutil.rmtree(self.folder, ignore_errors=True)

    def _hear(self):
        """Read the warden's next messages; raises KernelError if it says that the wall could not be built."""
        data = self._leash.recv(4096)
        if not data and self.status is None:
            self.status = -signal.SIGKILL
            if not self.pid:
                raise KernelError("its process ended at once")
        *lines, self._unread = (self._unread + data).split(b"\n")
        for line in lines:
            message = json.loads(line)
            if "failed" in message:
                raise KernelError(message["failed"])
            self.pid = message.get("warden", self.pid)
            if "exit" in message:
                self.status, self.peak, self.reason = message["exit"], message["peak"], message["reason"]


def start(order: dict, leash: socket.socket):
    """In the warm process: fork a kernel behind the wall, the way `Kernel` ordered it."""
    info, level, limits = order["connection"], order["level"], Limits(**order["limits"])

    def listen():
        return {channel: _listening(f"{info['ip']}-{number}") for number, channel in enumerate(CHANNELS, start=1)}

    def body(sockets):
        own = order["own"]
        environment = own["environment"] if own else _environment(level, os.path.dirname(info["ip"]))
        descriptors = {channel: opened.fileno() for channel, opened in sockets.items()}
        if level != "bwrap":
            if own:
                _all_threads()
            folder = own["cwd"] if own else environment["HOME"]
            serve(info, descriptors, environment, folder, full=bool(own), ready=leash.close)
        for descriptor in descriptors.values():
            os.set_inheritable(descriptor, True)
        inner = json.dumps([info, descriptors, environment, vars(limits)])
        command = [sys.executable, "-s", "-P", "-m", "course_utils.grading.kernel", inner]
        os.execvpe("bwrap", [*sandbox.bwrap_command(limits), *command], environment)

    sandbox.launch(body, level, None if order["own"] else limits, leash, listen)


def serve(info: dict, descriptors: dict, environment: dict, folder: str, full: bool = False, ready=lambda: None):
    """Run a kernel on listening sockets, given by descriptor number, until it is told to stop.

    A `full` one is somebody's own; see `application`.
    """
    from traitlets.config import Config

    from course_utils.grading import application

    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None  # the warm process's own is not there any more
    os.chdir(folder)
    kind = application.FullApp if full else application.GradedApp
    kind.connection, kind.descriptors = info, descriptors
    kind.instance(config=Config(_CONFIG)).initialize([])
    ready()
    kind.instance().start()


class Reply:
    """Bytes that a kernel shows as a MIME type of our own, so that Jupyter's protocol carries them unchanged."""

    def __init__(self, data: bytes):
        self.data = data

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {MIMETYPE: base64.b64encode(self.data).decode()}


def reply(name: str, request: str) -> Reply:
    """In the kernel: call the learner's function `name` with an encoded request."""
    from IPython import get_ipython

    from course_utils.grading import testing

    return Reply(testing.answer(get_ipython().user_ns, name, base64.b64decode(request)))


def hand_over(name: str, request: str) -> Reply:
    """In the kernel: call a function that returns a model, keep its weights, and say how much there is to fetch."""
    from IPython import get_ipython

    from course_utils.grading import models, testing

    def keep(value):
        config, weights = models.parcel(value)
        _weights[:] = [weights]
        return {"config": config, "size": len(weights)}

    return Reply(testing.answer(get_ipython().user_ns, name, base64.b64decode(request), keep))


def piece(name: str, request: str) -> Reply:
    """In the kernel: the bytes of the kept weights from an offset on."""
    from course_utils.grading import models, wire

    (start,) = wire.decode(base64.b64decode(request))["arguments"]
    return Reply(wire.encode({"value": _weights[0][start : start + models.PIECE]}))


def expression(name: str, request: bytes, by: str = "reply") -> str:
    """What a kernel is to evaluate so that its answer to a call comes back."""
    text = base64.b64encode(request).decode()
    return f"__import__('course_utils.grading.kernel', fromlist=['{by}']).{by}({name!r}, {text!r})"


def _connection(folder, key):
    """Jupyter's connection information for the sockets of `folder`."""
    ports = {f"{channel}_port": number for number, channel in enumerate(CHANNELS, start=1)}
    return {"transport": "ipc", "ip": f"{folder}/k", "key": key, "signature_scheme": "hmac-sha256", **ports}


def _all_threads():
    """Give somebody's own kernel all processors; safe, because the warm process has never used a second thread."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(os.cpu_count() or 1)


def _listening(path):
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    opened.bind(path)
    opened.listen(16)
    return opened


def _environment(level, folder):
    """The kernel's whole environment; the grader's own may hold secrets."""
    home = folder if level == "none" else "/tmp/learner"
    kept = {name: os.environ[name] for name in ("COURSE_CACHE", "COURSE_MODELS", "TZ") if name in os.environ}
    fixed = {"COURSE_GRADING": "1", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "PYTHONHASHSEED": "0"}
    threads = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "MKL", "OPENBLAS")}
    places = {"HOME": home, "TMPDIR": home if level == "none" else "/tmp", "PATH": "/usr/local/bin:/usr/bin:/bin"}
    places |= {"IPYTHONDIR": f"{home}/.ipython", "MPLCONFIGDIR": f"{home}/.matplotlib", "LANG": "C.UTF-8"}
    return {**kept, **fixed, **threads, **places, "MPLBACKEND": "module://matplotlib_inline.backend_inline"}


if __name__ == "__main__":  # behind bubblewrap
    _info, _descriptors, _variables, _limits = json.loads(sys.argv[1])
    seccomp.apply()
    bounds.apply(Limits(**_limits))
    serve(_info, _descriptors, _variables, _variables["HOME"])
