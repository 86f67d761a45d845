"""The console script: every command is there, and our own errors are one line."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from course_utils import checkpoints, notebooks
from course_utils.cli import app
from course_utils.syllabus import day

COMMANDS = ("lab", "doctor", "lint", "check", "submit", "progress", "release", "models")
COMMANDS += ("collect", "grade", "adjust", "extend", "marks", "review", "export")


def course(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def in_a_process_of_its_own(*arguments):
    """For commands that run a notebook's cells, which may leave anything behind."""
    script = Path(sys.executable).with_name("course")
    return subprocess.run([script, *map(str, arguments)], capture_output=True, text=True)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command):
    result = course(command, "--help")
    assert result.exit_code == 0 and "Usage" in result.stdout


def test_models_lists_all_and_shows_a_card():
    listing = course("models").stdout
    assert all(name in listing for name in checkpoints.names())
    assert course("models", "sentiment").stdout.startswith("# ") or "#" in course("models", "sentiment").stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["models", "sentimnt"], "did you mean 'sentiment'"),
        (["check", "day99"], "no day 'day99'"),
        (["submit", "day99", "--student", "a"], "no day 'day99'"),
        (["grade", "no-such-folder"], "no-such-folder"),
        (["grade", "tests", "--policy", "no-such.toml"], "no-such.toml cannot be read"),
        (["adjust", "Ada", "day01", "--add", "1", "--out", "no-such"], "There is no gradebook"),
        (["extend", "Ada", "day99", "2026-03-10"], "no day 'day99'"),
        (["marks", "--out", "no-such"], "There is no gradebook"),
        (["review", "--out", "no-such"], "There is no gradebook"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_status_one(arguments, words):
    result = course(*arguments)
    assert result.exit_code == 1
    assert words in result.stdout
    assert "Traceback" not in result.output and len(result.stdout.strip().splitlines()) == 1


def test_lint_names_file_and_problem(tmp_path):
    (tmp_path / "day.ipynb").write_text("{")
    result = course("lint", tmp_path / "day.ipynb")
    assert result.exit_code == 1 and "day.ipynb" in result.stdout


def test_check_runs_a_notebook_from_the_terminal_and_names_a_broken_cell(tmp_path):
    """The stub fails every check; a cell that raises is named, and the others are still checked."""
    exercise = notebooks.read(day(1).exercise)
    exercise.cells = list(notebooks.tasks(exercise).values())  # without those that load models
    exercise.cells.insert(2, notebooks.nbformat.v4.new_code_cell("1 / 0", id="mine"))
    notebooks.write(exercise, tmp_path / "mine.ipynb")
    result = in_a_process_of_its_own("check", "day01", "--notebook", tmp_path / "mine.ipynb")
    assert result.returncode == 1
    assert "The cell 'mine' does not run: ZeroDivisionError" in result.stdout
    assert result.stdout.count("is not written yet") == len(notebooks.tasks(exercise))


def test_check_accepts_the_solution():
    result = in_a_process_of_its_own("check", "day01", "--notebook", day(1).solution)
    assert result.returncode == 0, result.stdout
    assert "✗" not in result.stdout and result.stdout.count("✓") > 4
