"""The notebooks are nbgrader source notebooks: nbgrader itself releases and grades them, in its own environment.

    make test-nbgrader         builds that environment and runs this file

nbgrader runs the public checks, which are in the notebook; the hidden tests belong to `course grade`.
"""

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from course_utils import notebooks, syllabus

PYTHON = os.environ.get("COURSE_NBGRADER", "")
pytestmark = pytest.mark.skipif(
    not PYTHON, reason="no environment with nbgrader: `make test-nbgrader` builds one, COURSE_NBGRADER names its Python"
)
KERNELS = Path(sys.prefix) / "share" / "jupyter"
DAYS = [day for day in syllabus.days() if day.ready and day.solution.exists()]
CONFIG = f"""
c = get_config()
c.ClearSolutions.code_stub = {{"python": {notebooks.STUB!r}}}
c.ClearSolutions.text_stub = {notebooks.STUB_OF_TEXT!r}
c.Execute.timeout = 900
c.Execute.iopub_timeout = 300
c.Execute.startup_timeout = 300
"""
POINTS = """
select a.student_id, sum(coalesce(g.auto_score, 0)), sum(c.max_score)
from grade g
join grade_cells c on g.cell_id = c.id
join submitted_notebook n on g.notebook_id = n.id
join submitted_assignment a on n.assignment_id = a.id
group by a.student_id
"""


def nbgrader(folder, *arguments):
    """Run one of nbgrader's commands; its words where it fails."""
    folders = os.pathsep.join([str(Path(PYTHON).parent), os.environ["PATH"]])  # it starts programs by name
    environment = os.environ | {"PATH": folders, "JUPYTER_PATH": str(KERNELS), "OMP_NUM_THREADS": "1"}
    environment.pop("COURSE_GRADING", None)
    command = [PYTHON, "-m", "nbgrader", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]


def graded(folder):
    """Student -> (points, most points), from nbgrader's own gradebook."""
    with sqlite3.connect(folder / "gradebook.db") as book:
        return {student: (points, most) for student, points, most in book.execute(POINTS)}


@pytest.mark.parametrize("day", DAYS, ids=lambda day: day.slug)
def test_nbgrader_releases_and_grades_the_day(tmp_path, day):
    (tmp_path / "nbgrader_config.py").write_text(CONFIG)
    source = tmp_path / "source" / day.slug
    source.mkdir(parents=True)
    shutil.copy(day.solution, source)
    nbgrader(tmp_path, "generate_assignment", day.slug)
    released = tmp_path / "release" / day.slug / day.solution.name
    ours = notebooks.read(day.exercise)
    assert [cell.source for cell in notebooks.read(released).cells] == [cell.source for cell in ours.cells]
    for student, notebook in (("solution", day.solution), ("stub", released), ("our-stub", day.exercise)):
        place = tmp_path / "submitted" / student / day.slug
        place.mkdir(parents=True)
        shutil.copy(notebook, place / day.solution.name)
    nbgrader(tmp_path, "autograde", day.slug)
    found = graded(tmp_path)
    most = sum(cell.metadata.nbgrader.points for cell in ours.cells if cell.metadata.get("nbgrader", {}).get("grade"))
    by_hand = sum(
        cell.metadata.nbgrader.points
        for cell in ours.cells
        if cell.metadata.get("nbgrader", {}).get("grade") and cell.metadata.nbgrader.solution
    )
    assert most == day.points
    assert found == {
        "solution": (most - by_hand, most),
        "stub": (0, most),
        "our-stub": (0, most),
    }
