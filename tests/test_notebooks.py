"""Notebooks as files: what is generated, normalised, and found by the lint."""

import json

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course_utils import notebooks
from course_utils.notebooks import STUB, NotebookError


def answer_cell(source, task="add"):
    nbgrader = {"grade_id": task, "solution": True, "grade": False, "locked": False, "schema_version": 3, "task": False}
    return new_code_cell(source, id=task, metadata={"nbgrader": nbgrader})


SOLUTION = """def add(a, b):
    ### BEGIN SOLUTION
    total = a + b
    return total
    ### END SOLUTION"""


@pytest.fixture
def solution():
    return new_notebook(cells=[new_markdown_cell("# Day", id="title"), answer_cell(SOLUTION)])


@pytest.fixture
def clean(tmp_path):
    """A notebook that the lint accepts, and a function that writes it with one cell more and lints it again."""
    base = new_notebook(cells=[new_markdown_cell("# Title\n\n## Part", id="title"), code_cell("1 + 1", "sum", 1)])

    def lint_with(*cells, executed=True, change=None, metadata=None):
        notebook = notebooks.normalise(base)
        notebook.cells += cells
        notebook.metadata.update(metadata or {})
        path = tmp_path / "day.ipynb"
        path.write_text(json.dumps(notebook), encoding="utf-8")  # nbformat would mend doubled ids
        return " | ".join(notebooks.lint(path, executed))

    assert lint_with() == ""
    return lint_with


def code_cell(source, identifier, count=2, outputs=(), **metadata):
    return new_code_cell(source, id=identifier, execution_count=count, outputs=list(outputs), metadata=metadata)


def test_the_solution_is_cut_and_the_stub_raises(solution):
    exercise = notebooks.generate_exercise(solution)
    assert exercise.cells[1].source == f"def add(a, b):\n    {STUB}"
    assert solution.cells[1].source == SOLUTION, "the solution itself is left as it was"


def test_generating_twice_gives_the_same_bytes(solution):
    once, twice = (nbformat.writes(notebooks.generate_exercise(solution)) for _ in range(2))
    assert once == twice


@given(st.lists(st.text(alphabet="abc =+()\n#'", max_size=40), min_size=1, max_size=4))
def test_no_line_between_the_markers_survives(bodies):
    source = "".join(f"  ### BEGIN SOLUTION\n  SECRET {b!r}\n  ### END SOLUTION\n" for b in bodies)
    cut = notebooks.cut_solution(source)
    assert "SECRET" not in cut
    assert cut.count(STUB) == len(bodies)


@pytest.mark.parametrize("source", ["### BEGIN SOLUTION\nx = 1", "x = 1\n### END SOLUTION"])
def test_a_marker_alone_is_refused(source):
    with pytest.raises(NotebookError, match="pairs"):
        notebooks.cut_solution(source)


def test_an_answer_cell_without_markers_would_give_the_answer_away(solution):
    solution.cells[1].source = "def add(a, b):\n    return a + b"
    with pytest.raises(NotebookError, match="'add'"):
        notebooks.generate_exercise(solution)


def test_a_solution_outside_an_answer_cell_is_refused(solution):
    solution.cells.append(new_code_cell(SOLUTION, id="other"))
    with pytest.raises(NotebookError, match="'other'"):
        notebooks.generate_exercise(solution)


def test_mismatch_between_solution_and_exercise_is_seen(tmp_path, solution):
    for folder in notebooks.FOLDERS:
        (tmp_path / folder).mkdir()
    notebooks.write(solution, tmp_path / "solutions" / "day.ipynb")
    assert notebooks.mismatches(tmp_path)
    notebooks.generate_all(tmp_path)
    assert notebooks.mismatches(tmp_path) == []
    solution.cells[0].source = "# Another day"
    notebooks.write(solution, tmp_path / "solutions" / "day.ipynb")
    assert notebooks.mismatches(tmp_path)


def test_normalise_drops_what_a_run_leaves_behind():
    view = new_output("display_data", data={"application/vnd.jupyter.widget-view+json": {"model_id": "x"}})
    parts = [new_output("stream", name="stdout", text=text) for text in ("a\n", "b\n")]
    cell = code_cell("x", "x", 1, [view, *parts], execution={"iopub.status.busy": "2020"}, tags=["covers:P01"])
    notebook = new_notebook(cells=[cell], metadata={"widgets": {"state": 1}, "toc": {}})
    normal = notebooks.normalise(notebook)
    assert "widgets" not in normal.metadata and normal.metadata.kernelspec.name == notebooks.KERNEL
    assert normal.cells[0].metadata == {"tags": ["covers:P01"]}
    assert [output.text for output in normal.cells[0].outputs] == ["a\nb\n"]
    assert notebooks.normalise(normal) == normal


def test_writing_is_whole_or_not_at_all(tmp_path, solution, monkeypatch):
    path = tmp_path / "day.ipynb"
    notebooks.write(solution, path)
    before = path.read_bytes()
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        notebooks.write(new_notebook(), path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["day.ipynb"]


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00", b"[]", b'{"cells": 3}', b"null", b"1"])
def test_what_is_no_notebook_gives_one_sentence(tmp_path, content):
    path = tmp_path / "day.ipynb"
    path.write_bytes(content)
    with pytest.raises(NotebookError) as caught:
        notebooks.read(path)
    assert "day.ipynb" in str(caught.value) and "\n" not in str(caught.value)


def test_a_missing_notebook_is_named(tmp_path):
    with pytest.raises(NotebookError, match=r"no notebook .*nowhere\.ipynb"):
        notebooks.read(tmp_path / "nowhere.ipynb")


PNG = {"image/png": "iVBORw0KGgo="}


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (new_markdown_cell("# Second title", id="x"), "one first-level heading"),
        (new_markdown_cell("#### Deep", id="x"), "no level is skipped"),
        (new_markdown_cell("![](a.png)", id="x"), "without alt text"),
        (new_markdown_cell('<img src="a.png">', id="x"), "without alt text"),
        (new_markdown_cell('<img src="a.png" alt=" ">', id="x"), "without alt text"),
        (new_markdown_cell("## Same id", id="sum"), "used twice"),
        (code_cell("open('/home/me/x')", "x"), "absolute path in the source"),
        (code_cell("x", "x", 3), "in order"),
        (code_cell("x", "x", None), "in order"),
        (
            code_cell("x", "x", 2, [new_output("stream", name="stdout", text="at /root/x")]),
            "absolute path in an output",
        ),
        (code_cell("x", "x", 2, [new_output("stream", name="stderr", text="Warning")]), "stderr"),
        (code_cell("x", "x", 2, [new_output("error", ename="KeyError", evalue="", traceback=[])]), "KeyError"),
        (code_cell("x", "x", 2, [new_output("display_data", data=PNG)]), "figure without alt text"),
        (code_cell("x", "x", 2, [new_output("display_data", data={"text/html": "<img src='data:x'>"})]), "without alt"),
        (code_cell("x", "x", 2, [new_output("stream", name="stdout", text="x" * 700_000)]), "KB"),
    ],
)
def test_lint_finds(clean, cell, words):
    assert words in clean(cell)


@pytest.mark.parametrize(
    "cell",
    [
        new_markdown_cell("## Part\n\n```python\n# no heading\n```\n\n### Deeper\n\n![a cat](cat.png)", id="x"),
        new_markdown_cell("See https://example.org/home/page and ~/.cache and models/tmp/x", id="x"),
        code_cell(
            "x", "x", 2, [new_output("display_data", data={"text/html": '<img alt="a cat" src="data:x">', **PNG})]
        ),
        code_cell("x", "x", 2, [new_output("error", ename="E", evalue="", traceback=[])], tags=["raises-exception"]),
    ],
)
def test_lint_accepts(clean, cell):
    assert clean(cell) == ""


def test_lint_wants_exercises_without_outputs(clean):
    assert "without outputs" in clean(executed=False)


def test_lint_finds_widget_state_and_a_foreign_kernel(clean):
    assert "widget state" in clean(metadata={"widgets": {}})
    assert "kernel" in clean(metadata={"kernelspec": {"name": "python3", "display_name": "x"}})


def test_a_cell_that_takes_too_long_is_named_and_nothing_is_written(tmp_path):
    path = tmp_path / "slow.ipynb"
    notebooks.write(new_notebook(cells=[code_cell("import time", "first"), code_cell("time.sleep(60)", "nap")]), path)
    before = path.read_bytes()
    with pytest.raises(NotebookError, match="slow.ipynb does not run: its cell nap took more than 1 s"):
        notebooks.execute(path, timeout=1)
    assert path.read_bytes() == before
