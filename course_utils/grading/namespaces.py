"""Linux namespaces in pure Python: what `unshare`, `mount` and `pivot_root` do, called through libc.

`enter` is called in a fresh, single-threaded child process and leaves it in user, mount, network, ipc and uts
namespaces of its own (and its children in a pid namespace); `build_root` replaces the file system by an allow-list of
read-only folders and a small private tmpfs; `give_up_power` drops every capability, for good. Needs Linux 5.12.
See namespaces(7), user_namespaces(7), mount_setattr(2), pivot_root(2) and capabilities(7).
"""

import ctypes
import os
import platform
from pathlib import Path

LEARNER_ID = 65534  # the user and group that the learner's code runs as inside; when root grades, outside too: nobody

_NEWNS, _NEWCGROUP, _NEWUTS, _NEWIPC = 0x20000, 0x02000000, 0x04000000, 0x08000000
_NEWUSER, _NEWPID, _NEWNET = 0x10000000, 0x20000000, 0x40000000
_MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_BIND, _MS_REC, _MS_PRIVATE = 2, 4, 8, 4096, 16384, 1 << 18
_MNT_DETACH = 2
_ATTR_RDONLY, _ATTR_NOSUID, _ATTR_NODEV = 1, 2, 4
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_CAPBSET_DROP, _PR_SET_CHILD_SUBREAPER = 1, 4, 24, 36
_PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 38, 47, 4
_SYS_MOUNT_SETATTR = 442
_SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}.get(platform.machine(), 0)
_SYS_CAPSET = {"x86_64": 126, "aarch64": 91}.get(platform.machine(), 0)
_SYS_KEYCTL, _JOIN_SESSION_KEYRING = {"x86_64": 250, "aarch64": 219}.get(platform.machine(), 0), 1
_CAPABILITY_VERSION = 0x20080522
_CAPABILITIES = 64

_DEVICES = ["null", "zero", "full", "random", "urandom"]
_ETC = {
    "passwd": f"root:x:0:0::/:/bin/false\nlearner:x:{LEARNER_ID}:{LEARNER_ID}::/tmp/learner:/bin/sh\n",
    "group": f"root:x:0:\nlearner:x:{LEARNER_ID}:\n",
    "hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}
_libc = ctypes.CDLL(None, use_errno=True) if platform.system() == "Linux" else None


def supported() -> bool:
    """Whether this system is one that the module knows: Linux 5.12 or newer on x86-64 or 64-bit ARM."""
    if platform.system() != "Linux" or not _SYS_PIVOT_ROOT:
        return False
    major, minor = platform.release().split("-")[0].split(".")[:2]
    return (int(major), int(minor)) >= (5, 12)


def enter(unshared: int, mapped: int):
    """Leave the parent's namespaces. When the parent reads a byte of `unshared`, it calls `map_ids` and writes one."""
    flags = _NEWUSER | _NEWNS | _NEWCGROUP | _NEWUTS | _NEWIPC | _NEWNET | _NEWPID
    _checked(_libc.unshare(flags), "no user namespaces here")
    os.write(unshared, b"1")
    if os.read(mapped, 1) != b"1":
        raise OSError("the user id could not be mapped into the namespace")
    _checked(_libc.sethostname(b"course", 6), "sethostname")


def map_ids(pid: int):
    """From the parent: give the process in its new user namespace its ids; root maps all, others only their own."""
    if os.geteuid() == 0:
        maps = {"uid_map": "0 0 4294967295", "gid_map": "0 0 4294967295"}
    else:
        maps = {"setgroups": "deny"}
        maps |= {"uid_map": f"{LEARNER_ID} {os.geteuid()} 1", "gid_map": f"{LEARNER_ID} {os.getegid()} 1"}
    for name, text in maps.items():
        Path(f"/proc/{pid}/{name}").write_text(text)


def build_root(allowed: list[str], disk: int):
    """As pid 1: make a new root of the allowed files and folders, read-only, and a private /tmp of `disk` MiB."""
    _mount("none", "/", None, _MS_REC | _MS_PRIVATE)
    _mount("tmpfs", "/tmp", "tmpfs", _MS_NOSUID | _MS_NODEV, "mode=0755,size=1m")
    for name in ("new", "old"):
        os.mkdir(f"/tmp/{name}")
    os.chdir("/tmp")
    _syscall(_SYS_PIVOT_ROOT, b"/tmp", b"/tmp/old")
    os.chdir("/")
    _mount("tmpfs", "/new", "tmpfs", _MS_NOSUID | _MS_NODEV, "mode=0755,size=1m")
    _private_folders(disk)
    for path in sorted(allowed, key=len):
        _allow(path)
    _devices()
    os.mkdir("/new/proc")
    _mount("proc", "/new/proc", "proc", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC)
    Path("/new/proc/sys/user/max_user_namespaces").write_text("0")  # no second attempt at power from inside
    for path, flags in (("/new/proc", _AT_RECURSIVE), ("/new/etc", 0), ("/new", 0)):
        _set_attributes(path, _ATTR_RDONLY | _ATTR_NOSUID | _ATTR_NODEV, flags)
    os.chdir("/new")
    _syscall(_SYS_PIVOT_ROOT, b".", b".")
    _checked(_libc.umount2(b".", _MNT_DETACH), "umount2")
    os.chdir("/tmp/learner")


def give_up_power():
    """Become the learner: no capability, no way to gain one, no root."""
    _libc.syscall(ctypes.c_long(_SYS_KEYCTL), ctypes.c_long(_JOIN_SESSION_KEYRING), None)  # leaves the grader's keys
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(LEARNER_ID, LEARNER_ID, LEARNER_ID)
    for capability in range(_CAPABILITIES):
        _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    _libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    if os.geteuid() == 0:
        os.setresuid(LEARNER_ID, LEARNER_ID, LEARNER_ID)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    _syscall(_SYS_CAPSET, ctypes.byref(header), ctypes.byref((ctypes.c_uint32 * 6)()))
    _checked(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")


def hide():
    """Let no other process of this user read or trace this one."""
    _checked(_libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0), "dumpable")


def end_with_parent():
    """Be killed when the parent ends. For trusted processes: a learner's code can take this back."""
    _checked(_libc.prctl(_PR_SET_PDEATHSIG, 9, 0, 0, 0), "parent death signal")


def adopt_orphans():
    """Become the parent of descendants whose parent ends."""
    _checked(_libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "subreaper")


def _private_folders(disk):
    os.mkdir("/new/tmp")
    _mount("tmpfs", "/new/tmp", "tmpfs", _MS_NOSUID | _MS_NODEV, f"mode=1777,size={disk}m,nr_inodes=20000")
    os.mkdir("/new/tmp/learner")
    if os.geteuid() == 0:
        os.chown("/new/tmp/learner", LEARNER_ID, LEARNER_ID)
    os.mkdir("/new/etc")
    _mount("tmpfs", "/new/etc", "tmpfs", _MS_NOSUID | _MS_NODEV, "mode=0755,size=1m")
    for name, text in _ETC.items():
        Path("/new/etc", name).write_text(text)


def _allow(path):
    """Bind one file or folder, read-only, where it was; a symbolic link is copied as one."""
    source, target = f"/old{path}", f"/new{path}"
    if os.path.lexists(target) or not os.path.lexists(source):
        return
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if os.path.islink(source):
        os.symlink(os.readlink(source), target)
        return
    _bind(source, target)
    _set_attributes(target, _ATTR_RDONLY | _ATTR_NOSUID | _ATTR_NODEV, _AT_RECURSIVE)


def _devices():
    os.mkdir("/new/dev")
    for name in _DEVICES:
        _bind(f"/old/dev/{name}", f"/new/dev/{name}")
    os.mkdir("/new/dev/shm")
    _mount("tmpfs", "/new/dev/shm", "tmpfs", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC, "mode=1777,size=64m,nr_inodes=1000")
    os.symlink("/proc/self/fd", "/new/dev/fd")


def _bind(source, target):
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    else:
        Path(target).touch()
    _mount(source, target, None, _MS_BIND | _MS_REC)


def _mount(source, target, kind, flags, options=""):
    text = [None if item is None else item.encode() for item in (source, target, kind, options)]
    _checked(_libc.mount(text[0], text[1], text[2], ctypes.c_ulong(flags), text[3]), f"mount {target}")


def _set_attributes(path, attributes, flags):
    wanted = (ctypes.c_uint64 * 4)(attributes, 0, 0, 0)
    _syscall(_SYS_MOUNT_SETATTR, _AT_FDCWD, path.encode(), flags, ctypes.byref(wanted), ctypes.sizeof(wanted))


def _syscall(number, *arguments):
    wide = [ctypes.c_long(argument) if isinstance(argument, int) else argument for argument in arguments]
    _checked(_libc.syscall(ctypes.c_long(number), *wide), f"system call {number}")


def _checked(status, doing):
    if status == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{os.strerror(number)} ({doing})")
