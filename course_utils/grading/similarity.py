"""Suspiciously equal submissions: a hint for a conversation, never a verdict.

Winnowing (Schleimer, Wilkerson and Aiken: Winnowing: Local Algorithms for Document Fingerprinting, SIGMOD 2003) over
normalised tokens: two programs that share a passage of at least `KGRAM + WINDOW - 1` tokens share a fingerprint,
whatever the variables are called and however the code is laid out. What the released exercise has, and what many
learners have, says nothing and is left out, as Moss does with a base file and a limit on how often a passage occurs.

About a hundred lines of our own: the kept libraries bring numpy code, reports and file formats of their own that would
have to be taken apart again to compare cells.
"""

import keyword
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

KGRAM, WINDOW = 8, 5  # tokens of one fingerprint; of so many fingerprints in a row one is kept
PROSE = (4, 3)  # the same for words
FEWEST = 6  # fingerprints that two must share
SHARE = 0.5  # of everything that the shorter one wrote by itself …
TASK_SHARE = 0.8  # … or of one task of it
MOST_COMMON = 10  # a passage that more learners have is nobody's own
SHOWN = 40  # pairs of a day
CHARACTERS = 100_000  # of one submission
LINES = 60  # of one answer that is shown
_TOKEN = re.compile(
    r"(?P<skip>\s+|\\\n|\#[^\n]*)"
    r'|(?P<string>[rRbBfFuU]{0,2}(?:"""(?:\\.|[^\\])*?"""|\'\'\'(?:\\.|[^\\])*?\'\'\''
    r'|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'))'
    r"|(?P<number>\d[\w.]*)|(?P<name>\w+)|(?P<sign>[^\w\s])",
    re.S,
)

Code = Mapping[str, str]  # task (or "+" for cells of one's own) -> source


@dataclass(frozen=True)
class SharedTask:
    """What two learners share in one task."""

    task: str
    shared: int  # fingerprints
    of: int  # of so many of the one who has fewer
    first: str  # the source of each, cut to what can be shown
    second: str


@dataclass(frozen=True)
class Pair:
    """Two learners of a day whose code is more alike than chance makes it."""

    first: str
    second: str
    share: float  # of the shorter one's own fingerprints, 0 to 1
    shared: int
    tasks: tuple[SharedTask, ...]

    @property
    def words(self) -> str:
        """What is shared, in words."""
        parts = [f"{_task_name(one.task)}: {one.shared} of {one.of} passages" for one in self.tasks]
        return "; ".join(parts)


@dataclass(frozen=True)
class Comparison:
    """What comparing a day's submissions gave."""

    day: str
    compared: int  # learners
    pairs: tuple[Pair, ...] = ()
    more: int = 0  # pairs beyond those that are kept
    inputs: str = ""  # what it was made from


def _task_name(task: str) -> str:
    return "cells of their own" if task == "+" else task


def tokens(source: str) -> list[str]:
    """The tokens of Python source without what a copier changes: comments, layout, names, the words of texts.

    Keywords, numbers, signs and the names behind a dot stay; any other name is `N`, a text is `S`.
    """
    found: list[str] = []
    for match in _TOKEN.finditer(source[:CHARACTERS]):
        if match.lastgroup == "skip":
            continue
        text = match[0]
        if match.lastgroup == "string":
            text = "S"
        elif match.lastgroup == "name" and not keyword.iskeyword(text) and found[-1:] != ["."]:
            text = "N"
        found.append(text)
    return found


def words(text: str) -> list[str]:
    """The words of an answer in prose, in small letters."""
    return re.findall(r"\w+", text[:CHARACTERS].casefold())


def fingerprints(found: Sequence[str], kgram: int = KGRAM, window: int = WINDOW) -> frozenset[int]:
    """The winnowed fingerprints of one cell, from its tokens or words."""
    numbers = list(map(_number, found))
    grams = zip(*(numbers[start:] for start in range(kgram)))
    return frozenset(winnow([hash(gram) for gram in grams], window))  # of numbers: the same in every process


@lru_cache(100_000)
def _number(token: str) -> int:
    return zlib.crc32(token.encode("utf-8", "replace"))


def winnow(values: Sequence[int], window: int) -> set[int]:
    """Of every `window` values in a row the smallest; of fewer values the smallest of all."""
    if not values:
        return set()
    if len(values) <= window:
        return {min(values)}
    return {min(group) for group in zip(*(values[start:] for start in range(window)))}


def compare(learners: Mapping[str, Code], released: Code, day: str = "", prose: Collection[str] = ()) -> Comparison:
    """Find the pairs of learners whose code is suspiciously equal, the most equal first.

    Args:
        learners: learner -> what they wrote, task by task.
        released: the stubs of the exercise, task by task.
        day: only to name it in the result.
        prose: the tasks that are answered in words.
    """

    def prints(code: Code) -> dict[str, frozenset[int]]:
        return {
            task: fingerprints(words(text), *PROSE) if task in prose else fingerprints(tokens(text))
            for task, text in code.items()
        }

    given = frozenset().union(*prints(released).values())
    written = {name: {task: found - given for task, found in prints(code).items()} for name, code in learners.items()}
    own = _without_common(written)
    shared = _shared(own)
    pairs = [pair for names, found in shared.items() if (pair := _pair(names, found, own, learners))]
    pairs.sort(key=lambda pair: (-pair.share, -pair.shared, pair.first, pair.second))
    return Comparison(day, len(learners), tuple(pairs[:SHOWN]), max(0, len(pairs) - SHOWN))


Prints = dict[str, dict[str, frozenset[int]]]  # learner -> task -> fingerprints


def _without_common(written: Prints) -> Prints:
    """What learners wrote, less the passages that many have: the obvious way to write an answer."""
    limit = max(3, min(MOST_COMMON, len(written) // 4))
    counts: Counter[int] = Counter()
    for tasks in written.values():
        counts.update(frozenset().union(*tasks.values()))
    common = {value for value, count in counts.items() if count > limit}
    return {name: {task: found - common for task, found in tasks.items()} for name, tasks in written.items()}


def _shared(own: Prints) -> dict[tuple[str, str], set[int]]:
    """For every pair of learners with something in common the fingerprints that they share."""
    holders: dict[int, list[str]] = defaultdict(list)
    for name in sorted(own):
        for value in frozenset().union(*own[name].values()):
            holders[value].append(name)
    shared: dict[tuple[str, str], set[int]] = defaultdict(set)
    for value, names in holders.items():
        for pair in combinations(names, 2):
            shared[pair].add(value)
    return shared


def _pair(names: tuple[str, str], shared: set[int], own: Prints, learners: Mapping[str, Code]) -> Pair | None:
    if len(shared) < FEWEST:
        return None
    sizes = [len(frozenset().union(*own[name].values())) for name in names]
    share = len(shared) / min(sizes)
    tasks = []
    for task in own[names[0]]:
        one, other = (own[name].get(task, frozenset()) for name in names)
        if both := one & other:
            texts = (_cut(learners[name].get(task, "")) for name in names)
            tasks.append(SharedTask(task, len(both), min(len(one), len(other)), *texts))
    telling = any(one.shared >= FEWEST and one.shared / one.of >= TASK_SHARE for one in tasks)
    if share < SHARE and not telling:
        return None
    tasks.sort(key=lambda one: (-one.shared, one.task))
    return Pair(*names, round(share, 4), len(shared), tuple(tasks))


def _cut(source: str) -> str:
    lines = source[: 200 * LINES].splitlines()
    return "\n".join([*lines[:LINES], *(["…"] if len(lines) > LINES else [])])
