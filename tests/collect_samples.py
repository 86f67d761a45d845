"""Downloads as the school's systems make them, for the tests of collecting."""

import io
import json
import zipfile
from pathlib import Path

from course_utils import syllabus
from course_utils.grading.submissions import MANIFEST, tasks

DAY1, DAY2 = (syllabus.day(number) for number in (1, 2))


def exercise(day=DAY1, answer="return 1", **extra) -> bytes:
    """A small notebook with every task of a day answered in the same way."""
    cells = [
        {
            "cell_type": "code",
            "id": task,
            "metadata": {"nbgrader": {"grade_id": task, "solution": True, "grade": False, "locked": False}},
            "source": f"def {task}(*inputs):\n    {answer}",
            "outputs": [],
            "execution_count": None,
        }
        for task in tasks(day)
    ]
    return json.dumps({"cells": cells, "metadata": extra, "nbformat": 4, "nbformat_minor": 5}).encode()


UNWRITTEN = 'raise NotImplementedError("Write your answer here")'
STUB = exercise(answer=UNWRITTEN)


def packed(members: dict[str, bytes]) -> bytes:
    """A zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 3, 1, 12, 0, 0)), data)
    return buffer.getvalue()


def submitted(student: str, day=DAY1, answer="return 1") -> bytes:
    """What `course submit` writes."""
    manifest = {"student": student, "day": day.slug, "submitted": "2026-03-01T12:00:00+00:00"}
    return packed({f"{day.slug}.ipynb": exercise(day, answer), MANIFEST: json.dumps(manifest).encode()})


def raw_names(members: dict[bytes, bytes]) -> bytes:
    """A zip whose names are these bytes, and no word about what they mean."""
    fake = {f"{number:0{len(name)}}": data for number, (name, data) in enumerate(members.items())}
    data = packed(fake)
    for number, name in enumerate(members):
        data = data.replace(f"{number:0{len(name)}}".encode(), name)
    return data


def put(folder: Path, files: dict[str, bytes]) -> Path:
    """Write files below a folder."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder
