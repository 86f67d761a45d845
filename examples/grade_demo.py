"""Grade the sample class and compare every mark with the one it deserves: `make grade-demo`.

Exit status 1 if a mark, or a sentence of the report, is not what it should be.
"""

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from course_utils.grading.batch import BatchResult, grade_folder, progress_bar
from course_utils.grading.entries import Entry
from course_utils.grading.feedback import points
from course_utils.grading.session import Limits
from course_utils.syllabus import ROOT
from examples.make_class import Sample, sample_class, write_class

LIMITS = Limits(call=10.0, task=20.0, cell=60.0, total=300.0)  # an endless loop costs seconds, a busy machine no marks
BUILD = ROOT / "build" / "grade-demo"


@dataclass(frozen=True)
class Verdict:
    """One submission's line beside the mark that it deserves."""

    sample: Sample
    entry: Entry | None

    @property
    def right(self) -> bool:
        """Whether the mark is the deserved one and the line says what it must."""
        if self.entry is None or self.entry.failed:
            return False
        said = f"{self.entry.sentence} {' '.join(self.entry.notes)}"
        return abs(self.entry.points - self.sample.points) < 1e-6 and self.sample.says in said


def run(
    folder: Path, day: str = "day01", workers: int | None = None, progress=None
) -> tuple[list[Verdict], BatchResult]:
    """Make the class in a folder, grade it, and put each mark beside the deserved one."""
    samples = sample_class(day)
    write_class(samples, folder / "submissions")
    result = grade_folder(
        folder / "submissions", folder / "graded", day, workers=workers, limits=LIMITS, progress=progress
    )
    entries = {entry.file: entry for entry in result.entries}
    return [Verdict(sample, entries.get(sample.file)) for sample in samples], result


def table(verdicts: list[Verdict]) -> Table:
    """The class: what each submission is, what it deserves, what it got."""
    right = Column("Deserved", justify="right"), Column("Given", justify="right")
    shown = Table("Learner", "What it is", *right, "", "The report's first sentence")
    for verdict in verdicts:
        entry = verdict.entry
        given = "none" if entry is None else "open" if entry.failed else points(entry.points)
        sign = Text("✓ right", "green") if verdict.right else Text("✗ WRONG", "bold red")
        texts = verdict.sample.student, verdict.sample.what, points(verdict.sample.points), given
        shown.add_row(*map(Text, texts), sign, Text(entry.sentence if entry else ""))
    return shown


def main() -> int:
    """Grade the class in the build folder and show it; 0 if every mark is the deserved one."""
    console = Console()
    console.width = max(console.width, 120)  # a table in 80 columns is all hyphens
    shutil.rmtree(BUILD, ignore_errors=True)
    console.print("A class of learners hands in Day 1. Each submission is graded in a sandbox of its own.")
    with progress_bar(console) as progress:
        verdicts, result = run(BUILD, workers=min(4, len(os.sched_getaffinity(0))), progress=progress)
    console.print(table(verdicts))
    console.print(str(result), markup=False)
    wrong = [verdict for verdict in verdicts if not verdict.right]
    if wrong:
        console.print(f"{len(wrong)} of {len(verdicts)} marks are not what they should be.", style="bold red")
    else:
        console.print(f"All {len(verdicts)} marks are what each submission deserves.")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
