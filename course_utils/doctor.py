"""`course doctor`: is this machine ready? A line each: ok, warning or failure, with the remedy."""

import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from course_utils import checkpoints, lab

DISTRIBUTION = "transformers-course"
OLDEST, NEWEST = (3, 11), (3, 13)
ROOM = 2e9  # bytes for merged checkpoints and the learner's own fine-tuned models


@dataclass(frozen=True)
class Finding:
    """One line of the report; `remedy` is empty when all is well."""

    subject: str
    status: Literal["ok", "warning", "failure"]
    message: str
    remedy: str = ""


def examine() -> Iterator[Finding]:
    """All findings, one after the other, so that a caller can show each as it comes."""
    checks: list[Callable[[], Iterable[Finding]]] = [python, packages, models, disk, kernel, sandbox]
    for check in checks:
        try:
            yield from check()
        except Exception as error:  # a check that breaks is itself a finding, and the others still run
            remedy = "set the course up again: make lab"
            yield Finding(check.__name__, "failure", f"could not be checked: {type(error).__name__}: {error}", remedy)


def python(version: tuple[int, ...] = tuple(sys.version_info[:3])) -> Iterator[Finding]:
    """Is this a supported Python, in a virtual environment?"""
    text = ".".join(map(str, version))
    if OLDEST <= version[:2] <= NEWEST:
        yield Finding("Python", "ok", text)
    else:
        yield Finding("Python", "failure", f"{text} is not supported", "install Python 3.11, 3.12 or 3.13: make lab")


def packages(requirements: list[str] | None = None) -> Iterator[Finding]:
    """Is every package there, in the version that pyproject.toml asks for?"""
    from packaging.requirements import Requirement

    wrong = 0
    wanted = [Requirement(line) for line in (metadata.requires(DISTRIBUTION) if requirements is None else requirements)]
    needed = [requirement for requirement in wanted if not _optional(requirement)]
    for requirement in needed:
        found = _version(requirement.name)
        if found is None or not requirement.specifier.contains(found, prereleases=True):
            wrong += 1
            what = "is not installed" if found is None else f"{found} does not fit {requirement.specifier}"
            yield Finding("packages", "failure", f"{requirement.name} {what}", f'pip install "{requirement}"')
    if not wrong:
        yield Finding("packages", "ok", f"{len(needed)} packages in the versions that the course was tested with")


def _optional(requirement: object) -> bool:
    return requirement.marker is not None and not requirement.marker.evaluate({"extra": ""})


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def models() -> Iterator[Finding]:
    """Do the weights have the hashes that the catalogue states?"""
    for name, entry in checkpoints.catalog().items():
        try:
            checkpoints.verified_folder(entry)
            yield Finding(f"model {name}", "ok", f"verified, {entry.size / 1e6:.1f} MB")
        except checkpoints.CheckpointError as error:
            message, _, remedy = str(error).rpartition(": ")
            yield Finding(f"model {name}", "failure", message, remedy)


def disk(free: int | None = None) -> Iterator[Finding]:
    """Is there room for merged checkpoints?"""
    folder = checkpoints.cache_directory()
    existing = next(path for path in [folder, *folder.parents] if path.exists())
    free = shutil.disk_usage(existing).free if free is None else free
    if free >= ROOM:
        yield Finding("disk", "ok", f"{free / 1e9:.1f} GB free for the cache")
    else:
        remedy = "free some space, or set COURSE_CACHE to a folder on another disk"
        yield Finding("disk", "failure" if free < ROOM / 4 else "warning", f"{free / 1e9:.1f} GB free", remedy)


def kernel() -> Iterator[Finding]:
    """Will Jupyter find the kernel, and will it start this Python?"""
    if lab.kernel_is_registered():
        yield Finding("kernel", "ok", f"{lab.KERNEL_TITLE!r} is registered")
    else:
        yield Finding("kernel", "failure", f"{lab.KERNEL_TITLE!r} is not registered for this Python", "course lab")


def sandbox(platform: str = sys.platform) -> Iterator[Finding]:
    """Can submissions be graded behind a wall here? Only grading needs this, so its absence is a warning."""
    if not platform.startswith("linux"):
        yield Finding("grading", "warning", "no namespaces here; lessons and exercises work", "grade on Linux")
        return
    from course_utils.grading.sandbox import available

    if levels := available():
        yield Finding("grading", "ok", f"submissions run behind the sandbox {levels[0]!r}")
    else:
        remedy = _namespace_remedy(Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns"))
        yield Finding("grading", "warning", "user namespaces are switched off, so grading refuses", remedy)


def _namespace_remedy(switch: Path) -> str:
    """Ubuntu closes user namespaces by AppArmor, other systems by their number: name the switch that is set."""
    if switch.exists() and re.match(r"1", switch.read_text()):
        return "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0, or install bubblewrap"
    return "sudo sysctl user.max_user_namespaces=10000, or install bubblewrap"
