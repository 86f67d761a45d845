"""Talking to a kernel that may be hostile: bounded messages, one deadline a request, and a life after a crash.

Whatever the kernel's side sends, forges, floods or withholds, `Conversation` returns in time with data or raises one of
two errors. It does not matter who wrote a reply: a learner's code that forges one has only returned a value.
"""

import base64
import binascii
import contextlib
import math
import time
from collections import deque
from queue import Empty

import zmq
from jupyter_client.blocking import BlockingKernelClient

from course_utils.grading import kernel as kernels
from course_utils.grading import wire
from course_utils.grading.limits import PATIENCE

_FRAME = 2 * wire.MAX_BYTES
_KEPT = 10_000  # iopub messages that wait to be read
_START = 60.0  # seconds until a kernel must have said its first word
_SETTLE = 1.0  # seconds that an interrupted kernel has before it is killed
_GLANCE = 0.2  # seconds between two looks at whether the kernel lives and at what it has used


class Crashed(Exception):
    """The kernel has died."""


class TimedOut(Exception):
    """The kernel has not answered in time; it has been interrupted or, if it was `deaf` to that, killed."""

    deaf = False


class Stopwatch:
    """Seconds of a kernel's processor time, counted from now; a part of the clock's at least, and never more than it.

    What takes no longer than a glance is taken from the clock, which costs nothing to read.
    """

    def __init__(self, kernel):
        self._kernel = kernel
        self._start = time.monotonic()
        self._base, self._offset, self._seconds = None, 0.0, 0.0

    def seconds(self) -> float:
        """How many there are by now."""
        passed = time.monotonic() - self._start
        if passed < _GLANCE or self._kernel is None:
            return passed
        used = self._kernel.processor_seconds()
        if self._base is None:
            self._base, self._offset = used, passed
        waited = (passed - self._offset) / PATIENCE
        self._seconds = max(self._seconds, self._offset + max(used - self._base, waited))
        return min(passed, self._seconds)


class Conversation:
    """A kernel, started when it is needed, and the messages to and from it."""

    def __init__(self, start, output_limit: int, deadline: float = math.inf):
        """`start()` returns a new `kernel.Kernel`; `output_limit` bounds the bytes of output kept of all cells.

        No reply is awaited beyond the `deadline`, a time of `time.monotonic()`.
        """
        self.deadline = deadline
        self._start = start
        self._output_left = output_limit
        self.kernel = None
        self.client = None
        self.peak = 0
        self.cut = False
        self._kept = deque(maxlen=_KEPT)
        self._poller = zmq.Poller()

    def begin(self):
        """Start the kernel, without waiting for it."""
        self.kernel = self._start()

    def open(self):
        """Start the kernel, unless it has been begun, and connect."""
        if self.kernel is None:
            self.begin()
        self.kernel.up()
        context = zmq.Context()
        context.setsockopt(zmq.MAXMSGSIZE, _FRAME)
        context.setsockopt(zmq.LINGER, 0)
        self.client = BlockingKernelClient(context=context)
        self.client.load_connection_info(self.kernel.connection)
        self.client.start_channels(stdin=False, hb=False, control=False)
        self._kept.clear()
        self._poller = zmq.Poller()
        self._poller.register(self.client.shell_channel.socket, zmq.POLLIN)
        self._poller.register(self.client.iopub_channel.socket, zmq.POLLIN)
        try:
            self.message(_START)  # the kernel's welcome: from here on no output is missed
        except (Empty, Crashed):
            raise kernels.KernelError("the kernel did not say its first word") from None

    def close(self) -> str:
        """End the kernel; returns why it had ended by itself ("memory"), or ""."""
        if self.kernel is None:
            return ""
        if self.client is None:
            self.kernel.kill()
            self.kernel = None
            return ""
        self.kernel.end()
        self.peak = max(self.peak, self.kernel.peak)
        reason = self.kernel.reason
        self.client.stop_channels()
        self.client.context.destroy(linger=0)
        self.kernel = self.client = None
        return reason

    def alive(self) -> bool:
        """Whether there is a kernel and it runs."""
        return self.client is not None and self.kernel.poll() is None

    def execute(self, code: str, **options) -> str:
        """Send an execute request; returns the id that its reply will carry."""
        return self.client.execute(code, allow_stdin=False, store_history=False, stop_on_error=False, **options)

    def reply(self, request: str, seconds: float) -> dict:
        """The content of the reply to a request.

        Raises Crashed, or TimedOut after `seconds` (a Stopwatch's) and an interrupt.
        """
        with contextlib.suppress(Empty):
            return self._awaited(request, seconds, self.deadline)
        late = TimedOut()
        self.kernel.interrupt()
        with contextlib.suppress(Empty, Crashed):
            self._awaited(request, _SETTLE)
            raise late
        self.close()
        late.deaf = True
        raise late

    def call(self, name: str, arguments: tuple, named: dict, seconds: float, by: str = "reply") -> bytes:
        """The bytes with which the learner's function answers, called `by` a function of the module `kernel`.

        Raises what `reply` raises; Crashed as well if the kernel answers with something else, for it is broken then.
        """
        expression = kernels.expression(name, wire.encode({"arguments": arguments, "named": named}), by)
        self._kept.clear()
        content = self.reply(self.execute("", silent=True, user_expressions={"answer": expression}), seconds)
        try:
            return base64.b64decode(content["user_expressions"]["answer"]["data"][kernels.MIMETYPE], validate=True)
        except (KeyError, TypeError, ValueError, binascii.Error):
            if _interrupted(content):
                return wire.encode({"raised": "KeyboardInterrupt", "text": ""})
            raise Crashed from None

    def ping(self, seconds: float):
        """See that the kernel still answers; raises Crashed if it has died after its last reply, or TimedOut."""
        self.reply(self.execute("", silent=True), seconds)

    def message(self, seconds: float) -> dict:
        """The next message of the iopub channel; raises Empty when none has come after `seconds`."""
        watch = Stopwatch(self.kernel)
        while not self._kept:
            self._listen(seconds - watch.seconds(), shell=False)
        return self._kept.popleft()

    def _awaited(self, request, seconds, deadline=math.inf):
        watch = Stopwatch(self.kernel)
        while True:
            message = self._listen(min(seconds - watch.seconds(), deadline - time.monotonic()))
            if message and message["parent_header"].get("msg_id") == request:
                return message["content"]

    def _listen(self, left, shell=True):
        """Read what comes next: a shell message is returned, one of iopub kept.

        Both channels are read all the time, for a kernel drops what nobody reads, and that may be the word that it is
        idle. Raises Empty when nothing is left of the time and Crashed when the kernel has ended.
        """
        if left <= 0:
            raise Empty
        ready = dict(self._poller.poll(min(left, _GLANCE) * 1000))
        if not ready and not self.alive():
            raise Crashed
        if self.client.iopub_channel.socket in ready and (message := self._read(self.client.iopub_channel)):
            self._keep(message)
        if shell and self.client.shell_channel.socket in ready:
            return self._read(self.client.shell_channel)
        return None

    def _keep(self, message):
        """Keep an iopub message, unless it is output beyond the limit."""
        if message["msg_type"] in ("stream", "display_data", "execute_result"):
            self._output_left -= len(str(message["content"]))
            if self._output_left < 0:
                self.cut = True
                return
        self._kept.append(message)

    @staticmethod
    def _read(channel):
        """A message, or None for one that is unsigned, malformed or nested too deeply: as if it had not come."""
        with contextlib.suppress(Exception):
            message = channel.session.recv(channel.socket)[1]
            if all(type(message[part]) is dict for part in ("header", "parent_header", "content")):
                return message if type(message["msg_type"]) is str else None
        return None


def _interrupted(content):
    """Whether the call ended in a KeyboardInterrupt, which is the one exception that is not caught inside."""
    answer = content.get("user_expressions")
    answer = answer.get("answer") if isinstance(answer, dict) else None
    return isinstance(answer, dict) and answer.get("ename") == "KeyboardInterrupt"
