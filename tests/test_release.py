"""A learner's copy holds what learners need and nothing of the instructor's; each way to leak is tried."""

import json
import os
import shutil
import subprocess
import time
import zipfile
from pathlib import Path

import nbformat
import pytest
from typer.testing import CliRunner

from course_utils import release as subject
from course_utils import syllabus
from course_utils.cli import app
from course_utils.release import ReleaseError, release

DAYS = """
[[day]]
number = 1
slug = "day01_alpha"
title = "Alpha"
question = "?"
minutes = 60
prerequisites = []
objectives = []
points = 10
covers = []
ready = true

[[day]]
number = 2
slug = "day02_beta"
title = "Beta"
question = "?"
minutes = 60
prerequisites = []
objectives = []
points = 10
covers = []
ready = true
"""
ANSWER = '''def classify(texts):
    """Label each text."""
    ### BEGIN SOLUTION
    # the secret way
    labels = [len(text) % 2 for text in texts]
    names = {0: "even number", 1: "odd number"}
    return [names[label] for label in labels]
    ### END SOLUTION
'''
RIGHT = '''def classify(texts):
    """Label each text."""
    parities = map(lambda text: len(text) & 1, texts)
    return ["odd number" if parity else "even number" for parity in parities]
'''
HIDDEN = '''import pytest
@pytest.mark.task("classify")
@pytest.mark.points(10)
def test_very_secret_case(submission):
    """labels every text"""
    assert submission.classify(["a sentence that nobody may see"]) == ["even number"], "Look at the length again."
'''
PUBLIC = HIDDEN.replace("very_secret_case", "open_case").replace("nobody may see", "everybody may see")


def notebook(source, **metadata):
    mark = {
        "schema_version": 3,
        "grade_id": "classify",
        "solution": True,
        "grade": False,
        "locked": False,
        "task": False,
    }
    cells = [
        nbformat.v4.new_markdown_cell("# Alpha", id="title"),
        nbformat.v4.new_code_cell(source, id="classify", metadata={"nbgrader": mark}),
    ]
    return nbformat.writes(nbformat.v4.new_notebook(cells=cells, metadata=metadata))


@pytest.fixture
def course(tmp_path, monkeypatch):
    """An instructor's copy of a small course of two days."""
    root = tmp_path / "course"
    files = {
        "syllabus.toml": DAYS,
        "README.md": "# A course",
        "course_utils/__init__.py": "",
        "checkpoints/a.bin": "\xff",
    }
    files |= {
        ".env": "password",
        "notes.txt": "for staff",
        "tests/test_x.py": "",
        "recipes/x.py": "",
        "graded/a.csv": "x",
    }
    files |= {"course_utils/__pycache__/x.pyc": "x", "notebooks/.ipynb_checkpoints/x.ipynb": "{}", "corpora/a.txt": "x"}
    for slug in ("day01_alpha", "day02_beta"):
        files |= {
            f"solutions/{slug}.ipynb": notebook(ANSWER),
            f"solutions/tests/test_{slug}.py": HIDDEN,
            f"solutions/answers/{slug}/classify/right_bits.py": RIGHT,
            f"exercises/tests/test_{slug}.py": PUBLIC,
            f"exercises/{slug}.ipynb": notebook("edited by hand"),
            f"notebooks/{slug}.ipynb": notebook("print('a lesson')"),
        }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="latin-1" if name.endswith(".bin") else "utf-8")
    days = syllabus.load(root / "syllabus.toml")
    monkeypatch.setattr(syllabus, "days", lambda: days)
    return root


def names(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_learner_gets_the_course_and_nothing_else(course, tmp_path):
    result = release(tmp_path / "out")
    assert names(tmp_path / "out") == [
        ".course-release.json",
        "README.md",
        "checkpoints/a.bin",
        "corpora/a.txt",
        "course_utils/__init__.py",
        *(f"exercises/{slug}.ipynb" for slug in ("day01_alpha", "day02_beta")),
        *(f"exercises/tests/test_{slug}.py" for slug in ("day01_alpha", "day02_beta")),
        *(f"notebooks/{slug}.ipynb" for slug in ("day01_alpha", "day02_beta")),
        "syllabus.toml",
    ]
    exercise = (tmp_path / "out/exercises/day01_alpha.ipynb").read_text()
    assert "NotImplementedError" in exercise and "edited by hand" not in exercise and "secret" not in exercise
    assert result.secrets >= 6 and "none is inside" in str(result) and result.days == ("day01_alpha", "day02_beta")


def test_one_day(course, tmp_path):
    release(tmp_path / "out", "day02")
    assert not [name for name in names(tmp_path / "out") if "day01" in name]
    assert "exercises/day02_beta.ipynb" in names(tmp_path / "out")


def test_the_same_bytes_and_times_every_time(course, tmp_path):
    release(tmp_path / "a.zip")
    os.utime(course / "README.md", (1, 1))
    shutil.move(course / "notes.txt", course / "other.txt")
    release(tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    release(tmp_path / "folder")
    assert {path.stat().st_mtime for path in [*(tmp_path / "folder").rglob("*"), tmp_path / "folder"]} == {315_532_800}
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert sorted(archive.namelist()) == [f"transformers-course/{name}" for name in names(tmp_path / "folder")]
        assert archive.testzip() is None


def test_the_same_bytes_on_another_machine(course, tmp_path, monkeypatch):
    """Elsewhere, in another time zone and with other habits about who may read a file."""
    release(tmp_path / "a.zip")
    moved = shutil.copytree(course, tmp_path / "elsewhere" / "copy", copy_function=shutil.copyfile)
    days = syllabus.load(moved / "syllabus.toml")
    monkeypatch.setattr(syllabus, "days", lambda: days)
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    before = os.umask(0o077)
    try:
        time.tzset()
        release(tmp_path / "b.zip")
    finally:
        os.umask(before)
        monkeypatch.undo()
        time.tzset()
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}


def test_one_day_as_a_zip_by_the_command(course, tmp_path):
    result = CliRunner().invoke(app, ["release", str(tmp_path / "day2.zip"), "--day", "day02"])
    assert result.exit_code == 0 and "none is inside" in result.stdout
    with zipfile.ZipFile(tmp_path / "day2.zip") as archive:
        inside = [name for name in archive.namelist() if "exercises/day" in name or "notebooks/" in name]
    assert inside == [
        "transformers-course/exercises/day02_beta.ipynb",
        "transformers-course/notebooks/day02_beta.ipynb",
    ]
    result = CliRunner().invoke(app, ["release", str(course / "notebooks")])
    assert result.exit_code == 1 and len(result.stdout.strip().splitlines()) == 1


LEAKS = {
    "solution in an exercise's locked cell": (
        "solutions/day01_alpha.ipynb",
        lambda text: _with_cell(text, ANSWER_BODY),
    ),
    "whole solution in a lesson": ("notebooks/day01_alpha.ipynb", lambda text: notebook(ANSWER + RIGHT)),
    "marker in a lesson": ("notebooks/day01_alpha.ipynb", lambda text: notebook("### BEGIN SOLUTION")),
    "right answer in a public test": ("exercises/tests/test_day01_alpha.py", lambda text: text + RIGHT),
    "hidden test in the package": ("course_utils/__init__.py", lambda text: "# see test_very_secret_case"),
    "hidden data in a public test": ("exercises/tests/test_day01_alpha.py", lambda text: text + "# " + SENTENCE),
    "short solution as a whole in a lesson": (
        "notebooks/day01_alpha.ipynb",
        lambda text: notebook("import numpy\n" + ANSWER_BODY + "\nprint(1)"),
    ),
    "name of a hidden test in a text of another encoding": ("corpora/a.txt", lambda _: "\ufefftest_very_secret_case"),
    "name of a hidden test in a file that is no text": ("corpora/a.txt", lambda _: "\xe9\x00test_very_secret_case\xff"),
    "hidden data in a lesson": ("notebooks/day01_alpha.ipynb", lambda text: notebook(f"print('{SENTENCE}')")),
}
SENTENCE = "a sentence that nobody may see"
ANSWER_BODY = ANSWER.split("secret way\n")[1].split("    ###")[0]


def _with_cell(text, source):
    changed = json.loads(text)
    extra = {
        "cell_type": "code",
        "id": "extra",
        "source": source,
        "metadata": {},
        "outputs": [],
        "execution_count": None,
    }
    return json.dumps(changed | {"cells": [*changed["cells"], extra]})


@pytest.mark.parametrize("leak", LEAKS)
def test_every_leak_stops_the_release(course, tmp_path, leak):
    name, change = LEAKS[leak]
    path = course / name
    encoding = "utf-16-le" if "another encoding" in leak else "latin-1" if "no text" in leak else "utf-8"
    path.write_text(change(path.read_text(encoding="utf-8")), encoding=encoding)
    with pytest.raises(ReleaseError, match="Nothing was released"):
        release(tmp_path / "out")
    assert not (tmp_path / "out").exists() and not list(tmp_path.glob(".release-*"))


def test_lines_that_a_lesson_shares_with_a_solution_are_no_leak(course, tmp_path):
    some = "".join(ANSWER_BODY.splitlines(keepends=True)[:-1])
    (course / "notebooks/day01_alpha.ipynb").write_text(notebook(some))
    release(tmp_path / "out")


def test_a_release_replaces_an_untouched_one_and_nothing_else(course, tmp_path):
    out = tmp_path / "out"
    release(out)
    (course / "README.md").write_text("# A better course")
    release(out)
    assert (out / "README.md").read_text() == "# A better course"
    (out / "mine.txt").write_text("work")
    with pytest.raises(ReleaseError, match="mine.txt"):
        release(out)
    assert (out / "mine.txt").read_text() == "work"


def test_somebody_elses_folder_or_zip_is_left_alone(course, tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1.tex").write_text("x")
    (tmp_path / "thesis.zip").write_bytes(b"PK")
    (tmp_path / "file").write_text("x")
    for name, words in (("thesis", "not made by"), ("thesis.zip", "not made by"), ("file", "not made by")):
        with pytest.raises(ReleaseError, match=words):
            release(tmp_path / name)
    (tmp_path / "empty").mkdir()
    assert release(tmp_path / "empty").files > 5


@pytest.mark.parametrize("name", ["notebooks", "exercises/copy", ".", ".."])
def test_the_course_is_not_released_into_itself(course, name):
    with pytest.raises(ReleaseError, match="part of the course"):
        release(course / name)


def test_a_learners_copy_and_an_unwritten_day_cannot_be_released(course, tmp_path):
    (course / "notebooks/day02_beta.ipynb").unlink()
    (course / "solutions/day02_beta.ipynb").unlink()
    with pytest.raises(ReleaseError, match="Day 2"):
        release(tmp_path / "out", 2)
    shutil.rmtree(course / "solutions")
    with pytest.raises(ReleaseError, match="instructor's copy"):
        release(tmp_path / "out")


@pytest.mark.skipif(os.name != "posix", reason="links of POSIX")
def test_a_link_is_refused(course, tmp_path):
    (course / "corpora/link").symlink_to(course / "notes.txt")
    with pytest.raises(ReleaseError, match="link"):
        release(tmp_path / "out")


def test_a_full_disk_is_one_sentence(course, tmp_path, monkeypatch):
    monkeypatch.setattr(
        subject.shutil, "copyfile", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device"))
    )
    with pytest.raises(ReleaseError, match="no space left"):
        release(tmp_path / "out")
    assert not (tmp_path / "out").exists()


# --- the course itself ------------------------------------------------------------------------------------------


def test_the_course_can_be_released(tmp_path):
    result = release(tmp_path / "out")
    assert {"notebooks", "exercises", "course_utils"} <= {path.name for path in result.path.iterdir()}
    assert not set(subject.INSTRUCTOR) & {path.name for path in result.path.iterdir()}
    assert result.secrets > 100, "what was looked for?"


def test_every_secret_of_the_course_would_be_found_in_an_exercise(tmp_path):
    """The proof can fail: each piece that is searched for, put where a learner would see it, is a leak."""
    place = tmp_path / "exercises" / "leak.txt"
    place.parent.mkdir()
    secrets = subject.collect_secrets(syllabus.days())
    for secret in secrets:
        place.write_text("x = 1\n" + (secret.text or "\n".join(secret.lines)) + "\ny = 2\n", encoding="utf-8")
        assert subject.find_leaks(tmp_path, [secret]), secret.what
    assert len(secrets) > 100


def test_every_top_level_name_is_somebodys():
    """A new folder must be given to learners or kept from them on purpose."""
    git = shutil.which("git")
    if not git or not (syllabus.ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run([git, "ls-files"], cwd=syllabus.ROOT, capture_output=True, text=True, check=True).stdout
    top = {Path(name).parts[0] for name in listed.splitlines()}
    assert {name for name in top if not name.startswith(".")} <= {*subject.LEARNER, *subject.INSTRUCTOR}
