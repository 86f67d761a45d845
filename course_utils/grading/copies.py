"""The comparison of a folder's submissions, kept beside the results: the dashboard needs it whenever it is made."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from itertools import groupby
from pathlib import Path

from .. import syllabus
from ..syllabus import Day
from . import merging, similarity
from .entries import Entry
from .files import write_whole
from .similarity import Comparison, Pair, SharedTask, compare
from .submissions import read_submission
from .untrusted import SubmissionProblem

FILE = "similarity.json"
_FORMAT = 1  # part of every comparison's inputs: raise it when the same submissions would be compared differently


def update(entries: Iterable[Entry], paths: Mapping[str, Path], out: Path) -> dict[str, Comparison]:
    """Compare each day's submissions that count, unless they are the ones that were compared before.

    Args:
        entries: as `Gradebook.entries` gives them.
        paths: an entry's `file` -> where it is now; a submission that is in no folder at hand is not compared.
        out: the folder of the results.

    Raises:
        OSError: it cannot be written.
    """
    known = load(out)
    at_hand = [entry for entry in entries if entry.counts and entry.day and entry.file in paths and entry.grade]
    days = {day.slug: day for day in syllabus.days() if day.exercise.exists()}
    for slug, group in groupby(at_hand, key=lambda entry: entry.day):
        mine, day = list(group), days.get(slug)
        if day is None:
            continue
        inputs = _inputs(day, mine)
        if slug not in known or known[slug].inputs != inputs:
            known[slug] = replace(_compared(day, mine, paths), inputs=inputs)
    content = {"days": [asdict(known[slug]) for slug in sorted(known)]}
    write_whole(out / FILE, json.dumps(content, indent=1, ensure_ascii=False) + "\n", durable=False)
    return known


def load(out: Path) -> dict[str, Comparison]:
    """Day -> what comparing its submissions gave; nothing where there is none or it cannot be read."""
    try:
        content = json.loads((out / FILE).read_text(encoding="utf-8"))
        return {plain["day"]: _comparison(plain) for plain in content["days"]}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _comparison(plain: dict) -> Comparison:
    pairs = [Pair(**(pair | {"tasks": tuple(SharedTask(**task) for task in pair["tasks"])})) for pair in plain["pairs"]]
    return Comparison(**(plain | {"pairs": tuple(pairs)}))


def _inputs(day: Day, entries: Iterable[Entry]) -> str:
    facts = [_FORMAT, similarity.KGRAM, similarity.WINDOW, hashlib.sha256(day.exercise.read_bytes()).hexdigest()]
    facts += sorted([entry.student, entry.file, entry.sha256] for entry in entries)
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _compared(day: Day, entries: Iterable[Entry], paths: Mapping[str, Path]) -> Comparison:
    released = _released(day)
    stubs = {name: source for name, source in _own(merging.merge(released, released)[0]).items() if name != "+"}
    learners, prose = {}, set()
    for entry in entries:
        answers = {answer.task: answer.text for answer in entry.answers if answer.written}
        prose |= set(answers)
        try:
            notebook = json.loads(read_submission(paths[entry.file], day).notebook)
        except SubmissionProblem:
            continue
        learners[entry.student] = _own(merging.merge(released, notebook)[0]) | answers
    return compare(learners, stubs, day.slug, prose)


def _released(day: Day) -> dict:
    content = json.loads(day.exercise.read_text(encoding="utf-8"))
    for cell in content["cells"]:
        cell["source"] = "".join(cell["source"])
    return content


def _own(cells: Iterable[dict]) -> dict[str, str]:
    """Task -> source, of the cells that are the learner's."""
    found: dict[str, str] = {}
    for cell in cells:
        if cell["task"]:
            before = found.get(cell["task"])
            found[cell["task"]] = cell["source"] if before is None else f"{before}\n\n{cell['source']}"
    return found
