"""What people read of a gradebook: a page a learner, the instructor's page, the table; made again when it changes."""

from collections.abc import Sequence
from pathlib import Path

from .dashboard import write_dashboard
from .entries import Entry, newest
from .export import results_csv
from .feedback import write_feedback
from .gradebook import Gradebook


class ReportError(RuntimeError):
    """Reports that cannot be written; the marks are in the gradebook."""


def write_reports(book: Gradebook, out: str | Path) -> tuple[list[Entry], list[Path]]:
    """Write feedback pages, results.csv and index.html into a folder; returns the entries and every file.

    Raises:
        ReportError: the folder cannot be written.
    """
    attempts = book.attempts()
    entries = newest(attempts, book.rules())
    return entries, _write(entries, attempts, Path(out))


def _write(entries: Sequence[Entry], attempts: Sequence[Entry], out: Path) -> list[Path]:
    try:
        pages = write_feedback(entries, attempts, out)
        table = results_csv(entries, out / "results.csv")
        return [*(out / page for page in pages.values()), table, write_dashboard(entries, pages, out / "index.html")]
    except OSError as error:
        raise ReportError(
            f"The reports could not be written to {out} ({error.strerror}); the marks are safe."
        ) from error
