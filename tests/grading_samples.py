"""A sample day and submissions to it, for the tests of grading."""

import json
from pathlib import Path

from course_utils.syllabus import Day

DAY = Day(
    0, "day00_sample", "A sample", "", 1, (), (), 10, (), True, root=Path(__file__).parent / "fixtures" / "grading"
)
RIGHT = {
    "count_words": (
        "def count_words(text):\n"
        "    counts = {}\n"
        "    for word in text.lower().split():\n"
        "        counts[word] = counts.get(word, 0) + 1\n"
        "    return counts"
    ),
    "standardise": "def standardise(table):\n    return (table - table.mean(axis=0)) / table.std(axis=0)",
    "best": "def best(scores):\n    return scores.argmax(dim=-1)",
}
POINTS = {"count_words": 4, "standardise": 3, "best": 3}


def released() -> dict:
    """The released exercise."""
    return json.loads(DAY.exercise.read_text(encoding="utf-8"))


def notebook(answers: dict, before: str = "", after: str = "", edit=None) -> bytes:
    """A submission with these answers, code cells added at its start and end, and `edit(cells)` applied last."""
    book = released()
    for cell in book["cells"]:
        cell["source"] = answers.get(cell["id"], cell["source"])
    added = [
        {"cell_type": "code", "id": name, "source": source, "metadata": {}, "outputs": [], "execution_count": None}
        for name, source in (("added-before", before), ("added-after", after))
    ]
    book["cells"] = [*added[: bool(before)], *book["cells"], *(added[1:] if after else [])]
    if edit:
        edit(book["cells"])
    return json.dumps(book).encode()
