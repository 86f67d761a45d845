"""Names and files that survive: file names safe for any student, files written whole, text fit to show."""

import contextlib
import hashlib
import os
import re
import tempfile
import unicodedata
from pathlib import Path

NAME_LENGTH = 200
_JOINERS = "\u200c\u200d"


def printable(text: str, length: int = NAME_LENGTH) -> str:
    """Text on one line that shows what it holds: white space collapsed, invisible characters written as escapes.

    Names come from strangers: a new line would break a report's table, and a character that turns the direction
    of writing would make one learner look like another. Joiners stay where scripts such as Persian need them.

    Args:
        text: any text, also with lone surrogates.
        length: the most characters to keep; what is cut is marked by an ellipsis.
    """
    words = " ".join(unicodedata.normalize("NFC", text).split())
    if not words.isprintable():
        words = "".join(_visible(char, before) for before, char in zip(" " + words, words))
    return words if len(words) <= length else words[: length - 1] + "…"


def _visible(char: str, before: str) -> str:
    if char in _JOINERS and before.isalpha() and not unicodedata.name(before, "").startswith("LATIN"):
        return char
    if char != " " and unicodedata.category(char)[0] in "CZ":
        return char.encode("unicode_escape").decode("ascii")
    return char


def slug(text: str, length: int = 60) -> str:
    """The letters and digits of a text, joined by hyphens, in small letters: `Ada Lovelace` -> `ada-lovelace`."""
    letters = unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode("utf-8")).casefold()
    return re.sub(r"[\W_]+", "-", letters)[:length].strip("-") or "student"


def file_stem(name: str) -> str:
    """A file name (without its ending) of a student's own: readable, and different for every different name.

    Two names that clean to the same letters stay apart by eight hexadecimal digits of the name's SHA-256.
    """
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{_within(slug(name), 100)}-{digest[:8]}"


def _within(text: str, size: int) -> str:
    """Cut a text to at most `size` bytes of UTF-8: file systems count bytes, and a Chinese letter has three."""
    return text.encode("utf-8")[:size].decode("utf-8", "ignore").strip("-")


def write_whole(path: Path, data: bytes | str, durable: bool = True) -> Path:
    """Write a file so that a crash leaves the old one or the new one, never half of either.

    Args:
        path: the file; its folder is made.
        data: what it shall hold; text becomes UTF-8.
        durable: wait until it is on the disk. What can be made again need not wait, nor be written when unchanged.

    Raises:
        OSError: the folder cannot be written or the disk is full; the old file is untouched.
    """
    content = data.encode("utf-8", "backslashreplace") if isinstance(data, str) else data
    if not durable and _holds(path, content):
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        os.chmod(name, 0o666 & ~_umask())  # mkstemp makes files that nobody else may read
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
    if durable:
        _sync_folder(path.parent)
    return path


def _holds(path: Path, content: bytes) -> bool:
    try:
        return path.read_bytes() == content
    except OSError:
        return False


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":  # Windows cannot open a folder; its rename is durable enough
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def in_words(error: OSError, path: Path) -> str:
    """One sentence for what the operating system refused, and what to do."""
    reason = (error.strerror or type(error).__name__).lower()
    return f"{printable(str(path), 300)} could not be written ({reason}): free some space or choose another folder."
