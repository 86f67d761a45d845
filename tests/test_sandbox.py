"""The wall: what code behind it sees, may do and may use, tried from behind it."""

import json
import os
import platform
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from course_utils.grading import sandbox
from course_utils.grading.limits import Limits
from course_utils.syllabus import ROOT

WORKING = sandbox.available()
pytestmark = pytest.mark.skipif(not WORKING, reason="no sandbox works on this system")
walls = pytest.mark.parametrize("level", WORKING)
SMALL = Limits(memory=200, processes=20, files=64, disk=8)

# Launching needs a process of a single thread, which a test runner need not be.
LAUNCHER = """
import json, os, socket, sys
from course_utils.grading import limits, sandbox
level, values, code = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3]
leash = socket.socket(fileno=int(sys.argv[4]))
say = "def say(**seen): os.write(int(sys.argv[1]), json.dumps(seen).encode() + b'\\\\n')"
code = "import os, json, sys\\n" + say + "\\n" + code
def body(prepared):
    os.set_inheritable(leash.fileno(), True)
    prefix = sandbox.bwrap_command(limits.Limits(**values)) if level == "bwrap" else []
    command = [*prefix, sys.executable, "-s", "-P", "-c", code, str(leash.fileno())]
    os.execvp(command[0], command)
sandbox.launch(body, level, limits.Limits(**values), leash)
"""


class Behind:
    """Code that runs behind the wall; `say(...)` in it arrives here."""

    def __init__(self, level, code, limits=SMALL):
        self.leash, theirs = socket.socketpair()
        self.leash.settimeout(60)
        self.unread = b""
        arguments = [level, json.dumps(vars(limits)), code, str(theirs.fileno())]
        subprocess.run([sys.executable, "-c", LAUNCHER, *arguments], pass_fds=[theirs.fileno()], check=True, cwd="/")
        theirs.close()

    def hear(self, word):
        """The next message that has this word."""
        while True:
            while b"\n" not in self.unread:
                data = self.leash.recv(4096)
                assert data, f"it ended without {word}"
                self.unread += data
            line, _, self.unread = self.unread.partition(b"\n")
            message = json.loads(line)
            assert "failed" not in message, message
            if word in message:
                return message


def seen(level, code, limits=SMALL):
    """What code behind the wall says; it says it once."""
    return Behind(level, code, limits).hear("value")["value"]


@walls
def test_only_a_learners_copy_is_there(level, tmp_path):
    (tmp_path / "gradebook.sqlite").write_text("secret")
    hidden = [ROOT / "solutions", ROOT / "tests", ROOT / ".git", Path.home() / ".bashrc", tmp_path / "gradebook.sqlite"]
    present = [ROOT / "course_utils" / "syllabus.py", ROOT / "syllabus.toml", Path(sys.prefix), Path("/usr/bin/env")]
    paths = [str(path) for path in hidden + present]
    assert seen(level, f"say(value=[os.path.exists(path) for path in {paths!r}])") == [False] * 5 + [True] * 4


@walls
def test_the_home_and_tmp_are_empty_and_private(level):
    code = "say(value=[os.listdir('/tmp/learner'), os.listdir('/tmp')]); open('/tmp/course-left', 'w').write('x')"
    above = {Path(path).parts[2] for path in sandbox.allowed() if path.startswith("/tmp/")}  # a copy that lives in /tmp
    for _ in range(2):
        home, names = seen(level, code)
        assert home == [] and set(names) - above == {"learner"}
    assert not os.path.exists("/tmp/course-left")


@walls
def test_nothing_outside_tmp_can_be_written(level):
    places = ["/", "/usr", "/etc", str(ROOT / "course_utils"), sys.prefix, "/proc/sys/kernel", "/dev"]
    code = f"""
def writable(folder):
    try:
        open(folder + "/course_probe", "w").close()
        return True
    except OSError:
        return False
say(value=[folder for folder in {places!r} if writable(folder)])
"""
    assert seen(level, code) == []
    assert not [place for place in places if Path(place, "course_probe").exists()]


@walls
def test_there_is_no_network(level):
    code = """
import socket
names = [line.split(":")[0].strip() for line in open("/proc/net/dev") if ":" in line]
try:
    socket.create_connection(("1.1.1.1", 53), 3)
    reached = "reached"
except OSError as error:
    reached = "refused"
say(value=[names, reached])
"""
    assert seen(level, code) == [["lo"], "refused"]


@walls
def test_abstract_sockets_of_the_host_cannot_be_reached(level):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"\0course-test-{os.getpid()}")
        listener.listen()
        code = f"""
import socket
try:
    socket.socket(socket.AF_UNIX).connect("\\0course-test-{os.getpid()}")
    say(value="reached")
except OSError:
    say(value="refused")
"""
        assert seen(level, code) == "refused"


@walls
def test_there_is_no_power_and_no_way_to_it(level):
    code = """
import ctypes
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
caps = [int(status[name], 16) for name in ("CapPrm", "CapEff", "CapInh", "CapAmb")]
libc = ctypes.CDLL(None)
say(value=[caps, status["NoNewPrivs"].strip(), os.getuid() != 0, libc.mount(b"none", b"/tmp", b"tmpfs", 0, None)])
"""
    assert seen(level, code) == [[0, 0, 0, 0], "1", True, -1]


@pytest.mark.skipif("namespaces" not in WORKING, reason="needs our own namespaces")
def test_no_second_user_namespace_can_be_made():
    code = "import ctypes; say(value=ctypes.CDLL(None).unshare(0x10000000))"
    assert seen("namespaces", code) == -1


@pytest.mark.skipif("namespaces" not in WORKING, reason="needs our own namespaces")
def test_calls_around_the_limits_are_refused():
    code = """
import ctypes, errno, platform
from course_utils.grading import seccomp
column = seccomp._ARCHITECTURES[platform.machine()][0]
libc = ctypes.CDLL(None, use_errno=True)
def refused(number):
    ctypes.set_errno(0)
    return libc.syscall(ctypes.c_long(number), 0, 0, 0, 0, 0) == -1 and ctypes.get_errno() == errno.EPERM
went = [name for name, row in seccomp._REFUSED.items() if not refused(row[column])]
say(value=[went, len(seccomp._REFUSED), refused(39 if column == 0 else 172), refused(0x40000000 + 39)])
"""
    went, count, getpid, other_numbers = seen("namespaces", code)
    assert went == [] and count > 30 and getpid is False
    assert other_numbers is (platform.machine() == "x86_64")


@pytest.mark.skipif("namespaces" not in WORKING, reason="needs our own namespaces")
def test_the_warden_cannot_be_stopped_read_or_traced():
    code = """
import ctypes, signal, time
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGSTOP, signal.SIGKILL, signal.SIGCHLD):
    try:
        os.kill(1, number)
    except OSError:
        pass
time.sleep(0.3)
def readable(path):
    try:
        return bool(open(path, "rb").read(1))
    except OSError:
        return False
traced = ctypes.CDLL(None).ptrace(16, 1, 0, 0)
say(value=[*(readable("/proc/1/" + name) for name in ("environ", "mem", "maps")), traced, "1" in os.listdir("/proc")])
"""
    assert seen("namespaces", code) == [False, False, False, -1, True]


@walls
def test_only_its_own_processes_are_there(level):
    assert len(seen(level, "say(value=[name for name in os.listdir('/proc') if name.isdigit()])")) <= 3


@pytest.mark.skipif("namespaces" not in WORKING, reason="bubblewrap's kernel sets its limits itself")
@pytest.mark.parametrize(
    "name, code",
    [
        ("memory", "bytearray(10 ** 9)"),
        ("disk", "open('/tmp/big', 'wb').write(bytes(2 ** 25))"),
        ("small files", "import pathlib; [pathlib.Path('/tmp/f%d' % n).write_bytes(bytes(5000)) for n in range(9000)]"),
        ("open files", "[os.open('/dev/null', 0) for _ in range(1000)]"),
        ("processes", "[os.posix_spawn('/bin/sleep', ['sleep', '9'], {}) for _ in range(100)]"),
        (
            "threads",
            "import threading, time; [threading.Thread(target=time.sleep, args=(9,)).start() for _ in range(100)]",
        ),
        ("memory files", "[os.write(os.memfd_create('m'), bytes(2 ** 22)) for _ in range(200)]"),
        ("shared memory", "open('/dev/shm/big', 'wb').write(bytes(2 ** 27))"),
    ],
)
def test_limits_hold(name, code):
    guarded = "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    guarded += f"try:\n    {code}\n    say(value='went through')\n"
    guarded += "except (OSError, MemoryError, RuntimeError) as error:\n    say(value='refused'); os._exit(0)"
    assert seen("namespaces", guarded) == "refused"


@pytest.mark.skipif("namespaces" not in WORKING, reason="needs our own namespaces")
def test_limits_cannot_be_raised():
    code = """
import resource
raised = []
for what in (resource.RLIMIT_DATA, resource.RLIMIT_NPROC, resource.RLIMIT_CPU, resource.RLIMIT_NOFILE):
    try:
        resource.setrlimit(what, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        raised.append(what)
    except (OSError, ValueError):
        pass
say(value=raised)
"""
    assert seen("namespaces", code) == []


@walls
def test_memory_is_counted_over_all_processes(level):
    code = """
import time
for _ in range(4):
    if os.fork() == 0:
        hoard = bytearray(90_000_000)  # alone each is within the limits
        hoard[::4096] = b"x" * len(range(0, len(hoard), 4096))  # every page is touched, so it counts
        time.sleep(60)
time.sleep(60)
"""
    ended = Behind(level, code).hear("exit")
    assert ended["reason"] == "memory" and ended["peak"] > SMALL.memory * 2**20


def gone(mark):
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        lines = [Path(f"/proc/{pid}/cmdline") for pid in os.listdir("/proc") if pid.isdigit()]
        if not any(mark in read_or_nothing(path) for path in lines):
            return True
        time.sleep(0.05)
    return False


def read_or_nothing(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""


@pytest.mark.parametrize("level", [*WORKING, "none"])
def test_everything_ends_when_the_leash_is_dropped(level):
    mark = f"{70000 + os.getpid() % 10000}.{WORKING.index(level) if level in WORKING else 9}"
    code = f"""
import subprocess, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen(["sleep", "{mark}"], start_new_session=True)
if os.fork() == 0:
    os.setsid()
    subprocess.Popen(["sleep", "{mark}"])
    os._exit(0)
time.sleep(0.3)
say(value=1)
time.sleep(600)
"""
    behind = Behind(level, code)
    behind.hear("value")
    assert not gone_now(mark.encode())
    behind.leash.close()
    assert gone(mark.encode())


def gone_now(mark):
    return not any(
        mark in read_or_nothing(Path(f"/proc/{pid}/cmdline")) for pid in filter(str.isdigit, os.listdir("/proc"))
    )


@pytest.mark.parametrize("level", [*WORKING, "none"])
def test_it_can_be_interrupted_and_ended(level):
    code = """
import time
try:
    say(up=1)
    time.sleep(60)
except KeyboardInterrupt:
    say(value="interrupted")
time.sleep(60)
"""
    behind = Behind(level, code)
    behind.hear("up")
    behind.leash.send(b"i")
    assert behind.hear("value")["value"] == "interrupted"
    behind.leash.send(b"q")
    assert behind.hear("exit")["exit"] != 0


def test_none_must_be_asked_for(monkeypatch):
    monkeypatch.setattr(sandbox, "_works", lambda level: False)
    with pytest.raises(sandbox.SandboxError, match="--sandbox none"):
        sandbox.choose(None)
    with pytest.raises(sandbox.SandboxError, match="'bwrap' does not work"):
        sandbox.choose("bwrap")
    assert sandbox.choose("none") == "none"


def test_an_unknown_level_is_refused_with_the_known_ones():
    with pytest.raises(sandbox.SandboxError, match="namespaces, bwrap, none"):
        sandbox.choose("jail")
