"""The console script: every command is there, and our own errors are one line."""

import pytest
from typer.testing import CliRunner

from course_utils import checkpoints
from course_utils.cli import app

COMMANDS = ("lab", "doctor", "lint", "check", "submit", "grade", "release", "models")


def course(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


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
