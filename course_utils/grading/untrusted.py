"""From a stranger's bytes to a plain notebook: every archive and every notebook is taken for hostile.

Nothing is extracted under an archive's names, nothing is executed, and whatever comes out is bounded in size.
What goes wrong is a `SubmissionProblem` whose message is one sentence for the learner's line in the report.
"""

import contextlib
import io
import json
import os
import re
import stat
import zipfile
from pathlib import Path, PurePosixPath

from .files import printable

FILE_BYTES = 32 * 2**20
NOTEBOOK_BYTES = 32 * 2**20
MANIFEST_BYTES = 64 * 2**10
SOURCE_CHARACTERS = 200_000
CELLS = 2_000
ENTRIES = 1_000
BRACKETS = 500_000
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ZIP_ENTRY = b"PK\x01\x02"
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


class SubmissionProblem(ValueError):
    """Why a submission cannot be graded, in one sentence for its learner."""


def read_file(path: Path, limit: int = FILE_BYTES) -> bytes:
    """The bytes of a regular file of at most `limit` bytes; never follows a link, never waits on a pipe.

    Raises:
        SubmissionProblem: it is a link, a folder, a device, too large or not readable.
    """
    if path.is_symlink():
        raise SubmissionProblem("This is a link to another file, and links are not followed: send the file itself.")
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        handle = os.open(path, flags)
    except OSError as error:
        raise SubmissionProblem(f"The file cannot be read ({(error.strerror or 'unknown reason').lower()}).") from None
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise SubmissionProblem("This is not a regular file: send a zip or a notebook.")
        if status.st_size > limit:
            raise SubmissionProblem(_too_large("The file", status.st_size, limit))
        data = file.read(limit + 1)
    if len(data) > limit:  # it grew while it was read
        raise SubmissionProblem(_too_large("The file", len(data), limit))
    return data


def _too_large(what: str, size: int, limit: int) -> str:
    return (
        f"{what} has {size / 2**20:,.0f} MB, more than the {limit / 2**20:.0f} MB that are read: "
        "clear the outputs of the notebook and send it again."
    )


# --- archives ---------------------------------------------------------------------------------------------------


class Archive:
    """A zip in memory, of which single members are read, each up to a limit.

    The limit is on the bytes that come out, not on the ratio: an honest notebook with a repeated output packs
    500 : 1, and a bomb is harmless when reading stops.
    """

    def __init__(self, data: bytes):
        if data.count(_ZIP_ENTRY) > ENTRIES + 16:  # before zipfile builds an object for each
            raise SubmissionProblem(f"The zip holds more than {ENTRIES:,} files: send the notebook alone.")
        with _zip_errors():
            self._zip = zipfile.ZipFile(io.BytesIO(data))
            self._members = {plain_name(info): info for info in self._zip.infolist() if not info.is_dir()}
        if len(self._members) > ENTRIES:
            raise SubmissionProblem(f"The zip holds more than {ENTRIES:,} files: send the notebook alone.")

    def names(self) -> list[str]:
        """The members that are somebody's work, without what systems add by themselves."""
        return sorted(name for name in self._members if not is_clutter(PurePosixPath(name)))

    def read(self, name: str, limit: int) -> bytes:
        """The bytes of a member.

        Raises:
            SubmissionProblem: it is encrypted, damaged, packed in an unusual way or larger than `limit` bytes.
        """
        return read_member(self._zip, self._members[name], limit)


def read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limit: int) -> bytes:
    """The bytes of one member of an open zip; raises what `Archive.read` raises."""
    if info.flag_bits & 0x1:
        raise SubmissionProblem("The zip is protected by a password: send it without one.")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise SubmissionProblem("The zip is packed in an unusual way: make a plain one, or send the notebook.")
    with _zip_errors(), archive.open(info) as member:
        data = member.read(limit + 1)
    if len(data) > limit:
        size = max(info.file_size, len(data))
        raise SubmissionProblem(_too_large(f"{printable(info.filename, 80)} in the zip", size, limit))
    return data


def plain_name(info: zipfile.ZipInfo, name: str | None = None) -> str:
    """A member's name with forward slashes; `name` where its encoding was mended.

    Raises:
        SubmissionProblem: the name leads out of the archive or the member is a link.
    """
    name = (name or info.filename).replace("\\", "/")
    shown = printable(name, 80)
    if name.startswith("/") or re.match(r"[A-Za-z]:", name) or ".." in name.split("/"):
        raise SubmissionProblem(f"The zip holds a file whose name leads out of it ({shown}): send the notebook alone.")
    if stat.S_ISLNK(info.external_attr >> 16):
        raise SubmissionProblem(f"The zip holds a link ({shown}), and links are not followed: send the notebook alone.")
    return name


def is_clutter(path: PurePosixPath | Path) -> bool:
    """Whether a path is what systems and editors add by themselves (`__MACOSX`, `.DS_Store`, checkpoints)."""
    return any(part.startswith(".") or part in ("__MACOSX", "__pycache__") for part in path.parts) or path.name in (
        "Thumbs.db",
        "desktop.ini",
    )


@contextlib.contextmanager
def _zip_errors():
    """Turn the many ways in which zipfile gives up into one sentence."""
    try:
        yield
    except SubmissionProblem:
        raise
    except (
        Exception
    ) as error:  # BadZipFile, zlib.error, struct.error, EOFError, RuntimeError: a forged header can do all
        raise SubmissionProblem("The zip is damaged and cannot be read: make it again with `course submit`.") from error


# --- notebooks --------------------------------------------------------------------------------------------------


def read_notebook(data: bytes) -> tuple[dict, list[str]]:
    """A plain nbformat 4 notebook from hostile bytes, and notes on what was mended.

    The notebook has only what grading needs: for each cell its type, source, id and nbgrader metadata. Outputs,
    attachments and other metadata stay behind, so that nothing of theirs can reach a report.

    Raises:
        SubmissionProblem: the bytes are no notebook, or one beyond the limits.
    """
    text, notes = decode(data)
    raw = _json(text)
    if not isinstance(raw, dict) or not isinstance(raw.get("cells", raw.get("worksheets")), list):
        raise SubmissionProblem("This is not a notebook (its JSON has no cells): send the .ipynb file of the exercise.")
    if raw.get("nbformat") != 4 or "cells" not in raw:
        shown = printable(str(raw.get("nbformat"))[:20], 20)
        raise SubmissionProblem(
            f"The notebook is in format {shown}, not 4: open it in JupyterLab, save it and send it again."
        )
    if len(raw["cells"]) > CELLS:
        raise SubmissionProblem(f"The notebook has {len(raw['cells']):,} cells; at most {CELLS:,} are read.")
    cells = [_cell(cell, number) for number, cell in enumerate(raw["cells"], start=1)]
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, notes


def decode(data: bytes) -> tuple[str, list[str]]:
    """Text in whatever encoding it came, and a note if that was not UTF-8.

    Notebooks are UTF-8; Windows editors save them with a byte order mark or as UTF-16, old ones in Latin-1.
    """
    if not data.strip(b"\0 \t\r\n"):
        raise SubmissionProblem("The file is empty: save the notebook and send it again.")
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            with contextlib.suppress(UnicodeDecodeError):
                return data.decode(encoding), [] if encoding == "utf-8-sig" else ["The notebook was saved as UTF-16."]
    try:
        return data.decode("utf-8"), []
    except UnicodeDecodeError:
        return data.decode("latin-1"), ["The notebook was not saved as UTF-8; it was read as Latin-1."]


def _json(text: str) -> object:
    """JSON with bounds: the parser is in C, but a million small objects would cost gigabytes."""
    if text.count("[") + text.count("{") > BRACKETS:
        raise SubmissionProblem("The notebook is too large to read: clear its outputs and send it again.")
    try:
        return json.loads(text)
    except RecursionError:
        raise SubmissionProblem("This is not a notebook (its JSON is nested too deeply).") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise SubmissionProblem(
            f"This is not a notebook (no valid JSON at {where}): open it in JupyterLab, save it and send it again."
        ) from None
    except ValueError:  # a number of more than 4,300 digits
        raise SubmissionProblem("This is not a notebook (it holds a number of thousands of digits).") from None


def _cell(cell: object, number: int) -> dict:
    """One cell, reduced to what grading reads."""
    if not isinstance(cell, dict) or cell.get("cell_type") not in ("code", "markdown", "raw"):
        raise SubmissionProblem(f"Cell {number} is not a notebook's cell: open the notebook in JupyterLab and save it.")
    source = _source(cell.get("source"), number)
    plain = {"cell_type": cell["cell_type"], "id": _identifier(cell.get("id"), number), "source": source}
    plain["metadata"] = _metadata(cell.get("metadata"))
    if cell["cell_type"] == "code":
        plain |= {"execution_count": None, "outputs": []}
    return plain


def _source(source: object, number: int) -> str:
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        raise SubmissionProblem(f"Cell {number} has no text in it: open the notebook in JupyterLab and save it.")
    if len(source) > SOURCE_CHARACTERS:
        raise SubmissionProblem(
            f"Cell {number} has {len(source):,} characters; at most {SOURCE_CHARACTERS:,} are read."
        )
    return source.encode("utf-8", "replace").decode("utf-8")  # half a surrogate pair becomes a question mark


def _identifier(value: object, number: int) -> str:
    return value if isinstance(value, str) and _ID.fullmatch(value) else f"cell-{number}"


def _metadata(metadata: object) -> dict:
    """Only nbgrader's own keys, and only if their values are what nbgrader writes."""
    nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    if not isinstance(nbgrader, dict):
        return {}
    kept = {key: nbgrader[key] for key in ("grade", "locked", "solution", "task") if type(nbgrader.get(key)) is bool}
    if isinstance(nbgrader.get("grade_id"), str) and _ID.fullmatch(nbgrader["grade_id"]):
        kept["grade_id"] = nbgrader["grade_id"]
    return {"nbgrader": kept}
