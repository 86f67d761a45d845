"""How long a large class takes: opening the gradebook, the totals, and all entries with their tests.

    python benchmarks/gradebook.py [--learners 500] [--days 20] [--where FILE-OR-URL]

The class is made in a new gradebook: a submission a learner and day with 20 hidden tests, a policy with deadlines, and
an adjustment for every tenth mark. Times are the best of three, each with the gradebook opened anew; on
a busy machine the second is the one to read.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from gradebook_samples import NOON, entry, grade, result  # noqa: E402

from course_utils import syllabus  # noqa: E402
from course_utils.grading import gradebook, tables  # noqa: E402
from course_utils.grading.decisions import totals  # noqa: E402
from course_utils.grading.policy import parse_policy  # noqa: E402

TESTS = [result(f"task{n % 5}", "passed" if n % 3 else "failed", 0.5, "A hint.", name=f"test_{n}") for n in range(20)]


def fill(where, learners: int, days: int) -> None:
    """Write the class in one transaction."""
    slugs = [day.slug for day in syllabus.days()[:days]]
    deadlines = "\n".join(f"{slug} = 2026-03-01T12:00:00Z" for slug in slugs)
    with gradebook.Gradebook(where) as book:
        book.use_policy(parse_policy(f'[policy]\ncounts = "best"\npercent_per_day = 10\n[deadlines]\n{deadlines}'), "b")
        entries = [
            entry(f"learner {n:04d}", minutes=n, day=slug, file=f"{slug}-{n}.zip", grade=grade(TESTS))
            for n in range(learners)
            for slug in slugs
        ]
        facts = {"kind": "add", "points": 1.0, "reason": "unclear", "author": "Grace", "made": NOON}
        adjusted = [facts | {"student": e.student, "day": e.day} for e in entries[::10]]

        def write(connection) -> None:
            for one in entries:
                gradebook._record(connection, one)
            connection.execute(gradebook.sa.insert(tables.StoredAdjustment), adjusted)

        book._write(write)


def best(work, where) -> tuple[float, float]:
    """Seconds by the clock and of the processor, of the fastest of three runs, opening included."""
    times = []
    for _ in range(3):
        start = time.perf_counter(), time.process_time()
        with gradebook.Gradebook(where) as book:
            work(book)
        times.append((time.perf_counter() - start[0], time.process_time() - start[1]))
    return min(times)


def main() -> None:
    """Fill and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--learners", type=int, default=500)
    parser.add_argument("--days", type=int, default=20)
    parser.add_argument("--where", help="a file or URL that is empty; a temporary file if not given")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        where = arguments.where or Path(folder, "gradebook.db")
        start = time.perf_counter()
        fill(where, arguments.learners, arguments.days)
        print(f"{arguments.learners} learners x {arguments.days} days, made in {time.perf_counter() - start:.1f} s")
        works = {
            "open": lambda book: None,
            "fingerprints of what is graded": lambda book: book.finished(),
            "totals": lambda book: totals(book.marks()),
            "all entries with their tests": lambda book: book.entries(),
        }
        for name, work in works.items():
            seconds, processor = best(work, where)
            print(f"{name:32} {seconds:6.2f} s, {processor:6.2f} s of one core")


if __name__ == "__main__":
    main()
