"""The kernel's application behind the wall: ipykernel on inherited sockets.

`FullApp` is somebody's own kernel, with all that JupyterLab asks of one. `GradedApp` is the same kernel in one thread,
without heartbeat, debugger and configuration files: a notebook that is graded needs none of them, and half of the time
that a short submission takes went into starting their threads and passing messages between these. What a cell sees
(IPython, its magics, display, widgets) is the same in both.
"""

import sys
from unittest.mock import patch

import ipykernel.ipkernel
import zmq
from ipykernel.heartbeat import Heartbeat
from ipykernel.iostream import IOPubThread, OutStream
from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp
from IPython.core import shellapp
from tornado.ioloop import IOLoop
from zmq.eventloop.zmqstream import ZMQStream

from course_utils.grading.kernel import CHANNELS

_LINGER = 1000  # milliseconds
_PENDING = 2**16  # characters of output after which it is sent before the cell ends


class InheritedHeartbeat(Heartbeat):
    """The thread that says the kernel is alive, on a socket that is open already."""

    descriptor = -1

    def _try_bind_socket(self):
        self.socket.use_fd = self.descriptor
        return super()._try_bind_socket()


class FullApp(IPKernelApp):
    """ipykernel's own application, on inherited listening sockets."""

    connection: dict = {}
    descriptors: dict = {}

    def init_connection_file(self):
        """Take the connection from the order: there is no file."""
        self.load_connection_info(self.connection)

    def write_connection_file(self, **kwargs):
        """Nobody looks for a file."""

    def init_crash_handler(self):
        """A crash is the warden's to report."""

    def init_shell(self):
        """Make exit() in a cell harmless: it would end the kernel under the next one."""
        super().init_shell()
        self.shell.ask_exit = lambda: None

    def init_heartbeat(self):
        """Start the heartbeat on its socket."""
        InheritedHeartbeat.descriptor = self.descriptors["hb"]
        self.heartbeat = InheritedHeartbeat(zmq.Context(), (self.transport, self.ip, self.hb_port))
        self.heartbeat.start()

    def _try_bind_socket(self, bound, port):
        bound.use_fd = self.descriptors[CHANNELS[port - 1]]
        return super()._try_bind_socket(bound, port)


class _Publisher(IOPubThread):
    """Sends at once, in the thread that has something to say, instead of waking a thread of its own."""

    def _setup_event_pipe(self):
        pass

    def _setup_xpub_listener(self):
        self.io_loop.close()
        self.io_loop = IOLoop.current()
        super()._setup_xpub_listener()

    def _really_send(self, *arguments, **options):
        if self._is_master_process():  # a child that a cell forks would break its parent's sockets
            super()._really_send(*arguments, **options)


class _Output(OutStream):
    """Output that is sent when a cell ends, and before that only when there is much of it."""

    def _schedule_flush(self):
        if sum(buffer.tell() for buffer in self._buffers.values()) > _PENDING:
            self._flush()


class _Kernel(IPythonKernel):
    """Does not announce what it was asked to do silently: nobody waits to hear of it."""

    def _publish_status(self, status, channel, parent=None):
        if not self.get_parent(channel).get("content", {}).get("silent"):
            super()._publish_status(status, channel, parent)


class _FewModules:
    """The module sys, but as if nothing had been imported."""

    modules: dict = {}

    def __getattr__(self, name):
        return getattr(sys, name)


class GradedApp(FullApp):
    """The kernel of a submission: one thread, no files of configuration."""

    kernel_class = _Kernel
    outstream_class = f"{__name__}._Output"
    capture_fd_output = False

    def initialize(self, argv=None):
        """Start without the two lists of all modules, for debugger and %reset: what a fork reads, it has to copy."""
        with patch.object(ipykernel.ipkernel, "sys", _FewModules()), patch.object(shellapp, "sys", _FewModules()):
            super().initialize(argv)

    def parse_command_line(self, argv=None):
        """There is none."""

    def load_config_file(self, suppress_errors=True):
        """There is none."""

    def init_heartbeat(self):
        """The warden knows whether the kernel lives."""

    def init_control(self, context):
        """Answer control requests between shell requests."""
        self.control_socket = context.socket(zmq.ROUTER)
        self.control_socket.linger = _LINGER
        self._bind_socket(self.control_socket, self.control_port)

    def init_iopub(self, context):
        """Publish without a thread."""
        self.iopub_socket = context.socket(zmq.XPUB)
        self.iopub_socket.linger = _LINGER
        self._bind_socket(self.iopub_socket, self.iopub_port)
        self.iopub_thread = _Publisher(self.iopub_socket, session=self.session)
        self.iopub_socket = self.iopub_thread.background_socket

    def init_kernel(self):
        """Make the kernel on this thread's loop."""
        self.kernel = self.kernel_class.instance(
            parent=self,
            session=self.session,
            shell_stream=ZMQStream(self.shell_socket),
            control_stream=ZMQStream(self.control_socket),
            iopub_thread=self.iopub_thread,
            iopub_socket=self.iopub_socket,
            stdin_socket=self.stdin_socket,
            log=self.log,
            profile_dir=self.profile_dir,
            user_ns=self.user_ns,
        )
        self.kernel.record_ports({f"{name}_port": port for name, port in self._ports.items()})
        self.displayhook.get_execution_count = lambda: self.kernel.execution_count
