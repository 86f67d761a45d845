"""Grading one notebook: what is right scores, what is wrong does not, and neither takes anything else with it."""

import json
import os
import shutil
import socket
import threading
import time
from dataclasses import replace

import pytest

pytest.importorskip("nbval")

from grading_samples import DAY, POINTS, RIGHT, notebook

from course_utils import syllabus
from course_utils.grading import sandbox, warm
from course_utils.grading.batch import grade_folder
from course_utils.grading.session import Grade, GradingError, Limits, grade_notebook, tests_hash

pytestmark = pytest.mark.skipif(not sandbox.available(), reason="grading needs a sandbox, and none works here")
QUICK = Limits(cell=4, call=2, task=5, total=60)


def grade(data, limits=QUICK, **options) -> Grade:
    return grade_notebook(data, DAY, limits, **options)


def points(grade, task) -> float:
    return sum(test.earned for test in grade.tests if test.task == task)


def hints(grade, task):
    return " ".join(test.hint for test in grade.tests if test.task == task)


def outcomes(grade, task):
    return {test.outcome for test in grade.tests if test.task == task}


def test_right_answers_get_full_marks():
    result = grade(notebook(RIGHT))
    assert (result.points, result.max_points, result.problems) == (10, 10, [])
    assert all(test.outcome == "passed" for test in result.tests + result.public)
    assert {cell.outcome for cell in result.cells} == {"passed"}
    assert result.sandbox in ("namespaces", "bwrap") and result.peak_memory > 0
    assert result.tests_hash == tests_hash(DAY) and result.course_version


def test_a_grade_survives_json():
    result = grade(notebook({}))
    assert Grade.from_dict(json.loads(json.dumps(result.to_dict()))) == result


def test_the_bare_exercise_gets_nothing():
    result = grade(notebook({}))
    assert result.points == 0
    assert "count_words is not written yet." in hints(result, "count_words")


def test_wrong_answers_lose_their_task_only_and_get_the_hint():
    wrong = {"standardise": "def standardise(table):\n    return table - table.mean(axis=0)"}
    result = grade(notebook(RIGHT | wrong))
    assert result.points == 7
    assert "standard deviation" in hints(result, "standardise")


def test_partial_credit_within_a_task():
    half = {"count_words": RIGHT["count_words"].replace(".lower()", "")}
    assert points(grade(notebook(RIGHT | half)), "count_words") == 2


@pytest.mark.parametrize(
    "source, outcome, message",
    [
        ("def count_words(text:\n    return", "failed", "SyntaxError"),
        ("1 / 0", "failed", "ZeroDivisionError: division by zero"),
        ("import os\nos._exit(0)", "crashed", "kernel died"),
        ("while True: pass", "timeout", "more than 4 seconds"),
    ],
)
def test_a_broken_cell_does_not_sink_the_others(source, outcome, message):
    result = grade(notebook(RIGHT | {"count_words": source}))
    assert result.points == 6 and points(result, "count_words") == 0
    cell = next(cell for cell in result.cells if cell.task == "count_words")
    assert cell.outcome == outcome and message in cell.message
    assert [cell.outcome for cell in result.cells if cell.task != "count_words"] == ["passed"] * 3


@pytest.mark.parametrize("body", ["os._exit(1)", "os.kill(os.getpid(), 9)", "ctypes.string_at(0)"])
def test_a_crash_in_a_call_is_blamed_on_its_task(body):
    source = f"import os, ctypes\ndef standardise(table):\n    {body}"
    result = grade(notebook(RIGHT | {"standardise": source}))
    assert result.points == 7 and "kernel did not survive standardise" in hints(result, "standardise")


def test_a_time_out_names_its_task_and_loses_nothing_else():
    source = "def count_words(text):\n    while True:\n        pass"
    result = grade(notebook(RIGHT | {"count_words": source}))
    assert result.points == 6 and outcomes(result, "count_words") == {"timeout"}
    assert "count_words did not answer" in hints(result, "count_words")


def test_the_whole_submission_has_a_time_too():
    source = "import time\ndef count_words(text):\n    time.sleep(60)"
    started = time.monotonic()
    result = grade(notebook(RIGHT | {"count_words": source}), Limits(cell=5, call=4, task=9, total=3))
    assert time.monotonic() - started < 30
    assert result.points == 0 and "seconds of a submission were used up" in hints(result, "best")


def test_a_memory_bomb_is_an_error_of_its_task():
    source = "def best(scores):\n    hoard = []\n    while True:\n        hoard.append(bytearray(2 ** 26))"
    result = grade(notebook(RIGHT | {"best": source}), replace(QUICK, memory=300))
    assert result.points == 7
    assert "MemoryError" in hints(result, "best") or "memory" in hints(result, "best")


def test_an_object_that_is_no_data_is_an_error_that_names_it():
    result = grade(notebook(RIGHT | {"count_words": "def count_words(text):\n    return set(text)"}))
    assert "a set is no plain data: return a list" in hints(result, "count_words")


def test_hidden_data_does_not_come_back():
    source = "def count_words(text):\n    print(text)\n    raise type('X', (Exception,), {'__module__': text})(text)"
    result = grade(notebook(RIGHT | {"count_words": source}))
    assert result.points == 6
    assert "to be or not" not in json.dumps(result.to_dict())


def test_what_a_hidden_call_saw_does_not_come_back_through_a_public_one():
    source = "SEEN = []\ndef count_words(text):\n    SEEN.append(text)\n    raise ValueError(str(SEEN))"
    assert "to be or not" not in json.dumps(grade(notebook(RIGHT | {"count_words": source})).to_dict())


def test_output_is_cut_and_marked():
    flood = "for i in range(3000):\n    print('x' * 1000)"
    result = grade(notebook(RIGHT | {"best": RIGHT["best"] + "\n" + flood}))
    assert result.points == 10 and any("cut" in problem for problem in result.problems)


def test_stderr_and_warnings_cost_nothing():
    noise = "import sys, warnings\nwarnings.warn('careful')\nprint('loud', file=sys.stderr)\n"
    assert grade(notebook(RIGHT | {"best": noise + RIGHT["best"]})).points == 10


def test_exit_in_a_cell_does_not_sink_the_next():
    assert grade(notebook(RIGHT | {"count_words": RIGHT["count_words"] + "\nexit()"})).points == 10


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[" * 100_000, b"\xff\xfe\x00", b"not json", b'{"cells": 3, "nbformat": 4}']
)
def test_what_is_no_notebook_gets_its_sentence(data):
    result = grade(data)
    assert result.points == 0 and result.max_points == 10
    assert len(result.problems) == 1 and result.problems[0].endswith(".")


def test_marks_are_the_same_in_any_order_and_again():
    books = [notebook(RIGHT), notebook({}), notebook(RIGHT | {"best": "import os; os._exit(0)"})]
    first = [grade(book).points for book in books]
    assert first == [10, 0, 7] and [grade(book).points for book in reversed(books)] == first[::-1]


def test_a_missing_exercise_is_the_graders_error():
    with pytest.raises(GradingError, match="missing"):
        grade_notebook(notebook(RIGHT), replace(DAY, slug="day99_nothing"))


def test_broken_tests_cost_nobody_a_point_and_stop_nobody(tmp_path, monkeypatch):
    """The tests of a day break, are mended and break again; its marks are open, known and as they were before."""
    shutil.copytree(DAY.root, tmp_path / "course")
    day = replace(DAY, root=tmp_path / "course")
    monkeypatch.setattr(syllabus, "days", lambda: (day,))
    sound = day.hidden_tests.read_text()
    broken = sound.replace("def test_best(submission):", "def test_best(submission, scores):")
    (tmp_path / "in").mkdir()
    for name, book in (("ada", notebook(RIGHT)), ("bo", notebook({})), ("cy", b"\x89PNG")):
        (tmp_path / "in" / f"{name}.ipynb").write_bytes(book)

    def run(tests):
        day.hidden_tests.write_text(tests)
        result = grade_folder(tmp_path / "in", tmp_path / "out", day, workers=2, limits=QUICK)
        return result, {e.student: None if e.failed else e.points for e in result.entries}

    sentence = "The tests in solutions/tests/test_day00_sample.py cannot be run: there is no fixture 'scores'"
    first, marks = run(broken)
    assert marks == {"ada": None, "bo": None, "cy": 0} and first.failed == 2
    assert f"{sentence} (in test_best). (2 submissions)" in str(first) and sentence in first.entries[0].sentence
    page = next((first.out / "feedback").rglob("ada-*.html")).read_text()
    assert "Not graded yet" in page and "test_best" not in page and "scores" not in page
    assert run(sound)[1] == {"ada": 10, "bo": 0, "cy": 0}
    again, marks = run(broken)
    assert marks == {"ada": 10, "bo": 0, "cy": 0} and again.failed == 2 and sentence in str(again)


def test_a_day_that_the_syllabus_does_not_know_is_graded_all_the_same(tmp_path):
    """A course of one's own, or a sample: its marks count, and the second run knows them."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "ada.ipynb").write_bytes(notebook(RIGHT))
    first, again = (grade_folder(tmp_path / "in", tmp_path / "out", DAY, workers=1, limits=QUICK) for _ in range(2))
    assert [entry.points for entry in first.entries] == [10] and not first.failed
    assert (again.graded, again.reused) == (0, 1)


def test_a_kernel_that_cannot_start_is_the_graders_error(tmp_path, monkeypatch):
    """Neither a right submission nor an empty one gets a mark, and nobody waits for every cell's own kernel."""
    address, ask, orders = str(tmp_path / "warm"), warm.ask, []

    def refuse():
        while True:
            with listener.accept()[0] as connection:
                orders.append(connection.recv(2**16))
                connection.sendall(b'{"failed": "no wall here"}\n')

    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(address)
    listener.listen()
    threading.Thread(target=refuse, daemon=True).start()
    monkeypatch.setattr(warm, "ask", lambda to, order, data: ask(to, order | {"address": address}, data))
    for answers in (RIGHT, {}):
        with pytest.raises(GradingError, match="Grading failed: KernelError: .*no wall here"):
            grade(notebook(answers))
    assert len(orders) == 2


def test_an_unknown_sandbox_is_the_graders_error():
    with pytest.raises(GradingError, match="no sandbox 'jail'"):
        grade(notebook(RIGHT), sandbox="jail")


@pytest.mark.parametrize("level", ["namespaces", "bwrap", "none"])
def test_each_level_grades_and_is_recorded(level):
    if level != "none" and level not in sandbox.available():
        pytest.skip(f"{level} does not work here")
    result = grade(
        notebook(RIGHT | {"best": "import os; os._exit(0)"}), replace(QUICK, cell=30, call=20), sandbox=level
    )
    assert (result.points, result.sandbox) == (7, level)


# ---- cells as learners leave them ------------------------------------------------------------------------------------


def answer(cells, task):
    return next(cell for cell in cells if cell["id"] == task)


def rename(cells):
    for cell in cells:
        cell["id"] = "renamed-" + cell["id"]


def drop_metadata(cells):
    for number, cell in enumerate(cells):
        cell["metadata"], cell["id"] = {}, f"c{number}"


def duplicate(cells):
    copy = json.loads(json.dumps(answer(cells, "best")))
    answer(cells, "best")["source"] = "def best(scores):\n    return None"
    cells.append(copy)


def duplicate_stub(cells):
    stub = json.loads(json.dumps(answer(cells, "best")))
    stub["source"] = "def best(scores: torch.Tensor) -> torch.Tensor:\n    raise NotImplementedError"
    stub["source"] += '("Write your answer here")'
    cells.append(stub)


def split(cells):
    cell = answer(cells, "count_words")
    cells.insert(cells.index(cell), {**cell, "id": "helper", "metadata": {}, "source": "def low(t): return t.lower()"})
    cell["source"] = cell["source"].replace("text.lower()", "low(text)")


def move_answer(cells):
    cell = answer(cells, "best")
    cells[cells.index(cell)] = {**cell, "source": "# moved down"}
    cells.append({**cell, "id": "elsewhere", "metadata": {}})


EDITS = {
    "reversed": lambda cells: cells.reverse(),
    "renamed": rename,
    "without metadata": drop_metadata,
    "duplicated": duplicate,
    "duplicated stub": duplicate_stub,
    "split": split,
    "moved": move_answer,
    "locked cells broken": lambda cells: cells[1].update(source="raise SystemExit"),
    "locked cells deleted": lambda cells: cells.__delitem__(slice(0, 2)),
    "added failing cell": lambda cells: cells.insert(
        2, {**answer(cells, "best"), "id": "x", "metadata": {}, "source": "1/0"}
    ),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_cells_are_read_as_most_likely_meant(edit):
    assert grade(notebook(RIGHT, edit=edit)).points == 10


def test_a_deleted_answer_blocks_nothing():
    result = grade(notebook(RIGHT, edit=lambda cells: cells.remove(answer(cells, "best"))))
    assert result.points == 7 and "The answer cell of best is missing." in result.problems


def test_marks_in_the_notebook_do_not_count():
    def claim(cells):
        for cell in cells:
            cell["metadata"]["nbgrader"] = {**cell["metadata"].get("nbgrader", {}), "points": 100, "locked": False}

    assert grade(notebook({}, edit=claim)).points == 0


# ---- nothing is left -------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not os.path.isdir("/proc"), reason="needs /proc")
def test_nothing_survives():
    source = "import subprocess, sys\n"
    source += "subprocess.Popen(['sleep', '98765'], start_new_session=True)\n"
    assert grade(notebook(RIGHT | {"best": source + RIGHT["best"]})).points == 10
    deadline = time.monotonic() + 5
    while (left := _sleepers()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not left


def _sleepers():
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                found += [pid] if b"98765" in file.read().split(b"\0") else []
        except OSError:
            continue
    return found


def test_the_points_of_the_sample_add_up():
    assert sum(POINTS.values()) == DAY.points


def test_a_call_is_timed_by_the_processor_and_not_by_the_clock():
    """On a busy machine a right answer waits for its turn; asleep for longer than the limit stands for that."""
    slow = RIGHT["count_words"].replace("    counts = {}\n", "    import time\n    time.sleep(1.2)\n    counts = {}\n")
    assert grade(notebook(RIGHT | {"count_words": slow}), replace(QUICK, call=0.7)).points == 10


def test_a_submission_may_use_temporary_files():
    use = "import tempfile, pathlib\n"
    use += "with tempfile.TemporaryDirectory() as folder: pathlib.Path(folder, 'x').write_text('y')\n"
    assert {cell.outcome for cell in grade(notebook(RIGHT, before=use)).cells} == {"passed"}


def test_processes_that_print_do_not_disturb_the_notebook():
    use = "import multiprocessing, os\n"
    use += (
        "with multiprocessing.get_context('fork').Pool(2) as pool: assert pool.map(print, range(50)) == [None] * 50\n"
    )
    use += (
        "for _ in range(3):\n    if os.fork() == 0:\n        print('child', flush=True); os._exit(0)\n    os.wait()\n"
    )
    result = grade(notebook(RIGHT, before=use))
    assert result.points == 10 and {cell.outcome for cell in result.cells} == {"passed"}


def test_a_deaf_loop_costs_little_more_than_one_call():
    """It ignores interrupts; a task's other tests then get a second each, and none after the next such loop."""
    deaf = (
        "import signal\ndef count_words(text):\n    signal.signal(signal.SIGINT, signal.SIG_IGN)\n    while True: pass"
    )
    result = grade(notebook(RIGHT | {"count_words": deaf}), Limits(call=2, task=60))
    assert result.points == 6
    first, *others = [test for test in result.public + result.tests if test.task == "count_words"]
    assert (first.outcome, first.hint) == ("timeout", "count_words did not answer within 2 seconds.")
    assert {test.hint for test in others} == {"count_words did not answer within 1 seconds."}


def test_a_deaf_loop_on_one_input_costs_that_test_only():
    deaf = RIGHT["count_words"].replace(
        "    counts = {}\n",
        "    counts = {}\n    while ' or ' in text:\n"
        "        import signal\n        signal.signal(signal.SIGINT, signal.SIG_IGN)\n",
    )
    assert points(grade(notebook(RIGHT | {"count_words": deaf})), "count_words") == 2
