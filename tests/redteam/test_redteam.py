"""None of the attacks gains a mark, takes one from another task or submission, survives, or stops the grader."""

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

pytest.importorskip("nbval")

import attacks
from grading_samples import DAY, RIGHT, notebook

from course_utils.grading import sandbox
from course_utils.grading.session import Limits, grade_notebook

pytestmark = pytest.mark.skipif(not sandbox.available(), reason="grading needs a sandbox, and none works here")
LIMITS = Limits(cell=3, call=2, task=3, total=30, memory=400, disk=16)
os.environ["COURSE_TEST_SECRET"] = "an instructor's token"  # one attack looks for it


@pytest.fixture(scope="session")
def grades(request):
    """All attacks that this run has selected, graded a few at a time, as a batch would; name -> Future."""
    parameters = [item.callspec.params.get("attack") for item in request.session.items if hasattr(item, "callspec")]
    chosen = [one for one in parameters if isinstance(one, attacks.Attack)]  # other tests may have an "attack" too
    with ThreadPoolExecutor(3) as pool:
        yield {a.name: pool.submit(grade_notebook, a.bytes(), DAY, LIMITS) for a in chosen}


@pytest.mark.parametrize("attack", attacks.ATTACKS, ids=lambda attack: attack.name)
def test_it_gets_what_it_deserves(attack, grades):
    grade = grades[attack.name].result()
    assert grade.points == attack.deserved, [test.hint for test in grade.tests] + grade.problems
    text = json.dumps(grade.to_dict(), ensure_ascii=False)
    assert "to be or not" not in text, "hidden data came back"
    assert not any(ord(char) < 32 or char == "\u202e" for char in text), "a message could break a report"


def test_there_are_enough_of_them():
    assert len(attacks.ATTACKS) >= 60
    assert len({attack.name for attack in attacks.ATTACKS}) == len(attacks.ATTACKS)


def test_right_answers_still_get_full_marks_afterwards():
    assert grade_notebook(notebook(RIGHT), DAY, LIMITS).points == 10


def test_nothing_is_left_for_the_next_submission():
    leave = "import os, numpy, course_utils\nnumpy.left = course_utils.left = 1\nos.environ['LEFT'] = '1'\n"
    for place in ("/tmp/left", "/tmp/learner/left", "/dev/shm/left"):
        leave += f"open({place!r}, 'w').write('x')\n"
    assert grade_notebook(notebook(RIGHT, before=leave), DAY, LIMITS).points == 10
    look = "import os, numpy, course_utils\n" + attacks.LOOT
    look += "if hasattr(numpy, 'left') or hasattr(course_utils, 'left') or 'LEFT' in os.environ: reward()\n"
    look += "if any(map(os.path.exists, ('/tmp/left', '/tmp/learner/left', '/dev/shm/left'))): reward()\n"
    assert grade_notebook(notebook(dict.fromkeys(RIGHT, ""), before=look), DAY, LIMITS).points == 0


def test_the_reward_works():
    """Else the searches could find what they want and still score nothing."""
    bait = attacks.looking("bait", "reward()")
    assert grade_notebook(bait.bytes(), DAY, LIMITS).points == 10


def test_no_process_is_left():
    deadline = time.monotonic() + 5
    while (left := _processes(b"86399")) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not left


def _processes(mark):
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                found += [pid] if mark in file.read().split(b"\0") else []
        except OSError:
            continue
    return found
