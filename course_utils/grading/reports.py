"""What people read of a gradebook: a page a learner, the instructor's page, the table; made again when it changes."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from . import copies
from .dashboard import write_dashboard
from .entries import Entry, newest
from .export import results_csv
from .feedback import write_feedback
from .gradebook import Gradebook


class ReportError(RuntimeError):
    """Reports that cannot be written; the marks are in the gradebook."""


def write_reports(
    book: Gradebook, out: str | Path, paths: Mapping[str, Path] | None = None
) -> tuple[list[Entry], list[Path]]:
    """Write feedback pages, results.csv and index.html into a folder; returns the entries and every file.

    Args:
        book: the gradebook.
        out: the folder.
        paths: an entry's `file` -> where it is now, for comparing submissions; without it the last comparison stays.

    Raises:
        ReportError: the folder cannot be written.
    """
    attempts = book.attempts()
    entries = newest(attempts, book.rules())
    return entries, _write(entries, attempts, Path(out), paths or {})


def _write(entries: Sequence[Entry], attempts: Sequence[Entry], out: Path, paths: Mapping[str, Path]) -> list[Path]:
    try:
        comparisons = copies.update(entries, paths, out) if paths else copies.load(out)
        pages = write_feedback(entries, attempts, out)
        table = results_csv(entries, out / "results.csv")
        return [
            *(out / page for page in pages.values()),
            table,
            write_dashboard(entries, pages, out / "index.html", comparisons),
        ]
    except OSError as error:
        raise ReportError(
            f"The reports could not be written to {out} ({error.strerror}); the marks are safe."
        ) from error
