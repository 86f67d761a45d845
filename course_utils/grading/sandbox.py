"""The wall around a learner's code, and the warden who watches it.

`launch` starts a function in a process behind the wall. Three processes take part, all forked from the caller, which
must be single-threaded: an outer one that opens what is needed from outside and ends; the warden, process 1 of the new
pid namespace, which runs none of the learner's code, watches the memory and holds the leash; and the learner's process.
When the other end of the leash (a socket) is closed, or the warden dies, every process behind the wall ends.

The levels: `namespaces` (this module), `bwrap` (bubblewrap draws the wall), and `none`, which must be asked for.
"""

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from functools import cache

from course_utils.grading import limits as bounds
from course_utils.grading import namespaces, seccomp
from course_utils.grading.limits import Limits
from course_utils.syllabus import ROOT

LEVELS = ("namespaces", "bwrap", "none")
LEARNERS_COPY = ("course_utils", "checkpoints", "corpora", "exercises", "syllabus.toml")
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc/ld.so.cache", "/etc/localtime")
_TICK = 0.05


class SandboxError(RuntimeError):
    """The wall cannot be built here."""


def available() -> tuple[str, ...]:
    """The levels that work on this machine, strongest first; each is tried, not guessed. `none` is not among them."""
    return tuple(level for level in LEVELS if level != "none" and _works(level))


def strongest() -> str:
    """The strongest level that works here; raises SandboxError where none does."""
    for level in LEVELS:
        if level != "none" and _works(level):
            return level
    raise SandboxError(
        "This system offers no namespaces, so submissions cannot be isolated: grade on Linux, install bubblewrap "
        "(bwrap), or ask for --sandbox none if you trust every submission."
    )


def choose(level: str | None) -> str:
    """The level that was asked for, checked; the strongest one for None."""
    if level is None:
        return strongest()
    if level not in LEVELS:
        raise SandboxError(f"There is no sandbox {level!r}: choose one of {', '.join(LEVELS)}.")
    if level != "none" and not _works(level):
        works = ", ".join(available()) or "no sandbox"
        raise SandboxError(f"The sandbox {level!r} does not work on this system; here works: {works}.")
    return level


def allowed() -> list[str]:
    """What the learner's code can see, read-only: system programs, this Python, and a learner's copy of the course."""
    from course_utils.checkpoints import cache_directory

    environment = [sys.prefix, sys.base_prefix, *(str(ROOT / name) for name in LEARNERS_COPY), str(cache_directory())]
    resolved = [os.path.realpath(path) for path in environment]
    return [path for path in dict.fromkeys([*SYSTEM, *environment, *resolved]) if os.path.lexists(path)]


def launch(body: Callable, level: str, limits: Limits | None, leash: socket.socket, prepare: Callable = lambda: None):
    """Run `body(prepare())` behind the wall, watched by a warden on `leash`; `prepare` runs outside.

    Without `limits` there are none. JSON objects come on the leash, a line each: {"warden": pid} when it is up,
    {"failed": sentence} if there is no wall, at the end {"exit": status, "peak": bytes, "reason": "" or "memory"}. A
    byte "i" sent there interrupts the learner's process, a byte "q" ends it.
    """
    unshared, told = os.pipe()
    mapped, answer = os.pipe()
    outer = os.fork()
    if outer == 0:
        _guarded(_outer, leash, body, level, limits, leash, prepare, told, mapped)
    os.close(told)
    os.close(mapped)
    if level == "namespaces" and os.read(unshared, 1):
        namespaces.map_ids(outer)
        os.write(answer, b"1")
    os.waitpid(outer, 0)
    os.close(unshared)
    os.close(answer)


def bwrap_command(limits: Limits) -> list[str]:
    """The bubblewrap command that draws the same wall; what is to run behind it is appended."""
    command = ["bwrap", "--unshare-all", "--die-with-parent", "--cap-drop", "ALL", "--hostname", "course"]
    command += ["--size", str(limits.disk * bounds.MIB), "--tmpfs", "/tmp", "--dir", "/tmp/learner", "--proc", "/proc"]
    command += ["--dev", "/dev", "--size", str(64 * bounds.MIB), "--tmpfs", "/dev/shm", "--remount-ro", "/dev"]
    if os.geteuid() == 0:
        command += ["--uid", str(namespaces.LEARNER_ID), "--gid", str(namespaces.LEARNER_ID)]
    for path in sorted(allowed(), key=len):
        command += ["--symlink", os.readlink(path), path] if os.path.islink(path) else ["--ro-bind", path, path]
    return [*command, "--remount-ro", "/", "--chdir", "/tmp/learner", "--"]


def _outer(body, level, limits, leash, prepare, told, mapped):
    os.setsid()
    quiet()
    close_descriptors({leash.fileno(), told, mapped})
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)
    if level == "namespaces":
        namespaces.enter(told, mapped)
    prepared = prepare()
    os.close(told)
    os.close(mapped)
    warden = os.fork()
    if warden == 0:
        _guarded(_warden, leash, body, prepared, level, limits, leash)
    _say(leash, warden=warden)


def _warden(body, prepared, level, limits, leash):
    os.setsid()
    if level == "namespaces":
        namespaces.build_root(allowed(), limits.disk)
    elif namespaces.supported():
        namespaces.adopt_orphans()
    inherited = 0 if level == "bwrap" else bounds.memory_of(["self"])
    learner = os.fork()
    if learner == 0:
        _guarded(_learner, leash, body, prepared, level, limits)
    if level == "namespaces":
        namespaces.give_up_power()
        namespaces.hide()
    status, peak, reason = _watch(learner, leash, limits, inherited)
    _say(leash, exit=status, peak=peak, reason=reason)
    if level != "namespaces":
        _end_descendants()


def _learner(body, prepared, level, limits):
    os.setsid()
    if level == "namespaces":
        namespaces.give_up_power()
        seccomp.apply()
    if limits and level != "bwrap":  # bubblewrap itself needs more; there the kernel sets its limits when it starts
        bounds.apply(limits)
    body(prepared)


def _watch(learner, leash, limits, inherited):
    """Wait until the learner's process ends, uses too much memory, or the leash is dropped: (status, peak, reason)."""
    peak, reason = 0, ""
    most = limits.memory * bounds.MIB if limits else sys.maxsize
    while True:
        ended, status = os.waitpid(-1, os.WNOHANG)
        if ended == learner:
            return os.waitstatus_to_exitcode(status), peak, reason
        held = _held(learner, inherited, most)
        peak = max(peak, held)
        if held > most:
            reason = "memory"
            os.kill(learner, signal.SIGKILL)
        if select.select([leash], [], [], _TICK)[0]:
            order = leash.recv(16)
            if not order or b"q" in order:
                os.kill(learner, signal.SIGKILL)
            elif b"i" in order:
                os.kill(_inside(learner), signal.SIGINT)


def _inside(learner):
    """The process to interrupt: the learner's own, or the one that bubblewrap started for it."""
    while bounds.name_of(learner) == "bwrap" and (children := bounds.children_of(learner)):
        learner = children[0]
    return learner


def _held(learner, inherited, limit):
    """Memory behind the wall, beyond what was inherited; counted closely only where a rough count is over the limit."""
    others = [pid for pid in _descendants(os.getpid()) if pid != learner]
    rough = max(0, bounds.memory_of([learner]) - inherited) + bounds.memory_of(others)
    if rough <= limit or not others:
        return rough
    return min(rough, sum(bounds.proportional_memory(pid) for pid in [learner, *others]))


def _descendants(pid):
    """Children, grandchildren and so on, nearest first."""
    found = [pid]
    for member in found:
        found += bounds.children_of(member)
    return found[1:]


def _end_descendants():
    """Without a pid namespace: kill whatever is left, as often as it takes."""
    deadline = time.monotonic() + 5
    while (left := _descendants(os.getpid())) and time.monotonic() < deadline:
        for pid in left:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _guarded(function, leash, *arguments):
    """Run the rest of a forked process: nothing of the parent's may run after it, whatever happens."""
    status = 1
    try:
        function(*arguments)
        status = 0
    except BaseException as error:
        _say(leash, failed=f"{type(error).__name__}: {error}")
    finally:
        os._exit(status)


def _say(leash, **message):
    with contextlib.suppress(OSError):
        leash.sendall(json.dumps(message).encode() + b"\n")


def quiet():
    """Point stdin, stdout and stderr at nothing: a terminal is a way out."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(null, descriptor)
    os.close(null)


def close_descriptors(kept):
    """Close every inherited descriptor but the standard ones and `kept`."""
    for name in os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else map(str, range(1024)):
        if int(name) > 2 and int(name) not in kept:
            with contextlib.suppress(OSError):
                os.close(int(name))


@cache
def _works(level):
    if level == "bwrap" and not shutil.which("bwrap"):
        return False
    if level == "namespaces" and not namespaces.supported():
        return False
    probe = [sys.executable, "-I", "-m", "course_utils.grading.sandbox", level]
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        return subprocess.run(probe, capture_output=True, timeout=30).stdout.strip() == b"works"
    return False


def _probe(level):
    """Whether a process behind the wall can start Python with the course, and cannot see this file's repository."""
    here, there = socket.socketpair()
    command = [sys.executable, "-I", "-c", "import course_utils.syllabus, os; os._exit(42)"]

    def body(prepared):
        prefix = bwrap_command(Limits()) if level == "bwrap" else []
        os.execvp((prefix + command)[0], prefix + command)

    launch(body, level, Limits(), there)
    there.close()
    return b'"exit": 42' in b"".join(iter(lambda: here.recv(4096), b""))


if __name__ == "__main__":
    print("works" if _probe(sys.argv[1]) else "fails")
