"""Helpers of the Transformers course: checkpoints, data, views and checks. Light to import: what is heavy comes late.

`from course_utils import checkpoint, corpus, open_picture, checks, progress, show`
"""

from importlib import import_module

__version__ = "0.1.0"

_HOME = {
    "checkpoint": "course_utils.checkpoints",
    "describe": "course_utils.checkpoints",
    "corpus": "course_utils.corpora",
    "open_picture": "course_utils.pictures",
    "checks": "course_utils.check",
    "progress": "course_utils.logbook",
}
__all__ = [*_HOME, "show"]


def __getattr__(name: str) -> object:
    """Import a name from its module when it is first used."""
    if name == "show":
        return import_module("course_utils.show")
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"course_utils has no {name!r}; it offers {', '.join(__all__)}.")


def __dir__() -> list[str]:
    return __all__
