"""What a class's results say about the tests: difficulty, discrimination, distribution."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import StatisticsError, correlation

from .entries import Entry

BANDS = 5


@dataclass(frozen=True)
class TestStatistics:
    """How a class did on one hidden test."""

    __test__ = False

    task: str
    name: str
    description: str
    points: float
    learners: int
    passed: int
    timeouts: int
    discrimination: float | None  # correlation of passing with the rest of the mark; None where one of them is constant

    @property
    def share(self) -> float:
        """The share of learners who pass: the test's facility, 0 to 1."""
        return self.passed / self.learners

    @property
    def remark(self) -> str:
        """What an instructor should look at, in words."""
        if self.passed == 0:
            return "nobody passes"
        if self.passed == self.learners:
            return "everybody passes"
        if self.discrimination is not None and self.discrimination < 0:
            return "the better the mark, the fewer pass"
        return ""


def per_test(entries: Sequence[Entry]) -> list[TestStatistics]:
    """Statistics of each hidden test over the graded submissions that count, in the order of the tests.

    Discrimination is the point-biserial correlation between passing the test and the points of all other tests.
    Submissions graded with other tests (another edition) than the newest are left out.
    """
    graded = [entry for entry in entries if entry.counts and entry.grade and entry.grade.tests]
    if not graded:
        return []
    newest = max(graded, key=lambda entry: entry.graded).grade.tests_hash
    graded = [entry for entry in graded if entry.grade.tests_hash == newest]
    number = max(len(entry.grade.tests) for entry in graded)
    graded = [entry for entry in graded if len(entry.grade.tests) == number]  # without those that were cut short
    return [_one(position, graded) for position in range(number)]


def _one(position: int, entries: list[Entry]) -> TestStatistics:
    results = [entry.grade.tests[position] for entry in entries]
    passed = [float(result.outcome == "passed") for result in results]
    rest = [entry.points - result.earned for entry, result in zip(entries, results)]
    first = results[0]
    return TestStatistics(
        task=first.task,
        name=first.name,
        description=first.description,
        points=first.points,
        learners=len(results),
        passed=round(sum(passed)),
        timeouts=sum(result.outcome == "timeout" for result in results),
        discrimination=_correlation(passed, rest),
    )


def _correlation(x: list[float], y: list[float]) -> float | None:
    try:
        return correlation(x, y)
    except StatisticsError:  # fewer than two learners, or no differences
        return None


def distribution(marks: Sequence[float], most: float) -> list[tuple[str, int]]:
    """How many marks lie in each fifth of the scale: `("8 to 10", 12)`; a mark on a border belongs to the upper one."""
    counts = [0] * BANDS
    for mark in marks:
        counts[min(BANDS - 1, int(mark / most * BANDS)) if most else 0] += 1
    edges = [most * band / BANDS for band in range(BANDS + 1)]
    return [(f"{low:g} to {high:g}", count) for low, high, count in zip(edges, edges[1:], counts)]
