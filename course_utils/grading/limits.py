"""What one submission may use, and how the system is told."""

import contextlib
import os
import resource
from dataclasses import dataclass
from pathlib import Path

MIB = 2**20
PATIENCE = 3.0  # seconds on the clock for one of a processor


@dataclass(frozen=True)
class Limits:
    """What one submission may use; seconds and MiB.

    For a cell, a call and a task the seconds are those of a processor, so that a busy machine times nobody out;
    PATIENCE times as many may pass on the clock, which ends what only waits. The whole submission's are the clock's.
    """

    cell: float = 30.0  # seconds for one cell of the notebook
    call: float = 10.0  # seconds for one call of a learner's function
    task: float = 20.0  # seconds for all tests of one task
    total: float = 180.0  # seconds on the clock for the whole submission
    cpu: int = 240  # CPU seconds of one process
    memory: int = 2048  # MiB of memory beyond what the course's own imports take
    processes: int = 64  # processes and threads
    files: int = 256  # open files
    disk: int = 64  # MiB of temporary files
    output: int = 1024  # KiB of output kept from the notebook


def apply(limits: Limits):
    """Set this process's resource limits, soft and hard, so that no later line can raise them.

    The address space is left alone: PyTorch reserves much more of it than it uses. Memory is bounded by the size of the
    data segment, beyond what the process has already.
    """
    used = status_bytes("self", "VmData")
    for what, limit in (
        (resource.RLIMIT_CPU, limits.cpu),
        (resource.RLIMIT_NPROC, limits.processes),
        (resource.RLIMIT_NOFILE, limits.files),
        (resource.RLIMIT_FSIZE, limits.disk * MIB),
        (resource.RLIMIT_DATA, used + limits.memory * MIB),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, MIB),
    ):
        hard = resource.getrlimit(what)[1]
        bound = int(limit) if hard == resource.RLIM_INFINITY else min(int(limit), hard)
        resource.setrlimit(what, (bound, bound))


def status_bytes(pid, *names: str) -> int:
    """The sum of some lines of /proc/PID/status, in bytes; 0 where the process or /proc is not there."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    return sum(int(fields[name].split()[0]) * 1024 for name in names if name in fields)


def memory_of(pids) -> int:
    """Bytes of anonymous and shared memory that these processes hold."""
    return sum(status_bytes(pid, "RssAnon", "RssShmem") for pid in pids)


def proportional_memory(pid) -> int:
    """Bytes of memory of a process, what it shares divided by the number of sharers; its plain size if it hides."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss_Anon:"))
    except (OSError, StopIteration):
        return memory_of([pid])


def processor_seconds(pid) -> float:
    """Seconds of processor time that a process and all its descendants have used, with those that they saw end."""
    members = [pid]
    for member in members:
        members += children_of(member)
    ticks = 0
    for member in members:
        with contextlib.suppress(OSError, ValueError):
            fields = Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def children_of(pid) -> list[int]:
    """The process ids of the children of all threads of a process; none for one that is gone."""
    found = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            found += map(int, Path(f"/proc/{pid}/task/{thread}/children").read_text().split())
    return found


def name_of(pid) -> str:
    """What the process calls itself; empty for one that is gone."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return ""
