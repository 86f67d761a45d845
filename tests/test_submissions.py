"""Submitting, and reading what strangers submit."""

import errno
import hashlib
import io
import json
import os
import stat
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from course_utils import syllabus
from course_utils.grading import files, submissions, untrusted
from course_utils.grading.submissions import SubmitError, read_submission, submit
from course_utils.grading.untrusted import SubmissionProblem
from course_utils.notebooks import STUB

SYLLABUS = """
[[day]]
number = {number}
slug = "{slug}"
title = "{slug}"
question = "?"
minutes = 60
prerequisites = []
objectives = []
points = 10
covers = []
ready = true
"""
TASKS = {"day01_alpha": ("classify", "embed"), "day02_beta": ("split", "join")}


@pytest.fixture(scope="session")
def course(tmp_path_factory):
    """A course of two days with two tasks each, as files."""
    root = tmp_path_factory.mktemp("course")
    (root / "syllabus.toml").write_text(
        "".join(SYLLABUS.format(number=n, slug=slug) for n, slug in enumerate(TASKS, start=1))
    )
    days = syllabus.load(root / "syllabus.toml")
    for day in days:
        day.public_tests.parent.mkdir(parents=True, exist_ok=True)
        day.public_tests.write_text(
            "import pytest\n"
            + "".join(
                f'@pytest.mark.task("{task}")\ndef test_{task}(submission):\n    "what {task} does"\n'
                for task in TASKS[day.slug]
            )
        )
        day.exercise.write_text(json.dumps(notebook(day.slug)))
    return days


@pytest.fixture(autouse=True)
def use_course(course, monkeypatch):
    monkeypatch.setattr(syllabus, "days", lambda: course)


def answer(task, body=STUB):
    mark = {"schema_version": 3, "grade_id": task, "solution": True, "grade": False, "locked": False, "task": False}
    source = f"def {task}(texts):\n    {body}\n"
    return {"cell_type": "code", "id": task, "source": source, "metadata": {"nbgrader": mark}, "outputs": []}


def locked(name, source):
    mark = {"grade_id": name, "solution": False, "grade": False, "locked": True, "task": False}
    return {"cell_type": "code", "id": name, "source": source, "metadata": {"nbgrader": mark}, "outputs": []}


def notebook(slug="day01_alpha", body="return texts", cells=None):
    if cells is None:
        cells = [locked("setup", "import os"), *(answer(task, body) for task in TASKS[slug])]
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def as_zip(members, **info):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            entry = zipfile.ZipInfo(name)
            entry.compress_type = info.get("compress_type", zipfile.ZIP_DEFLATED)
            entry.external_attr = info.get("mode", 0o644) << 16
            archive.writestr(entry, data if isinstance(data, bytes | str) else json.dumps(data))
    return buffer.getvalue()


def saved(tmp_path, data, name="ada.ipynb"):
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else json.dumps(data).encode())
    return path


# --- submit -----------------------------------------------------------------------------------------------------


def test_submit_writes_one_zip_that_reads_back(course, tmp_path):
    source = saved(tmp_path, notebook(), "mine.ipynb")
    report = submit("day01_alpha" and course[0], "Ada  Lovelace", tmp_path / "out", source)
    assert report.ok and report.path.name == "day01_alpha-ada-lovelace.zip"
    assert report.answered == ("classify", "embed") and not report.warnings
    assert "2 of 2 tasks answered" in report.lines()[1]
    with zipfile.ZipFile(report.path) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        assert archive.read("day01_alpha.ipynb") == source.read_bytes()
        assert sorted(archive.namelist()) == sorted(name for name, _ in report.contents)
    assert manifest["notebook_sha256"] == hashlib.sha256(source.read_bytes()).hexdigest()
    assert manifest["exercise_sha256"] == submissions.edition(untrusted.read_notebook(source.read_bytes())[0])
    assert set(manifest) >= {"student", "day", "submitted", "course_version"}
    back = read_submission(report.path)
    assert (back.student, back.day, back.notes) == ("Ada Lovelace", course[0], ())
    assert back.submitted.utcoffset().total_seconds() == 0
    assert list((tmp_path / "out").iterdir()) == [report.path], "no temporary file may stay"


def test_the_zip_is_the_same_bytes_but_for_the_time(course, tmp_path, monkeypatch):
    source = saved(tmp_path, notebook())
    monkeypatch.setattr(submissions, "_manifest", lambda *_: b"{}")
    first = submit(course[0], "Ada", tmp_path / "a", source).path.read_bytes()
    os.utime(source, (0, 0))
    assert submit(course[0], "Ada", tmp_path / "b", source).path.read_bytes() == first


def test_an_unanswered_task_and_a_missing_one_are_warnings_that_name_them(course, tmp_path):
    report = submit(course[0], "Ada", tmp_path / "out", saved(tmp_path, notebook(cells=[answer("classify")])))
    assert report.ok
    assert (report.unanswered, report.missing, report.answered) == (("classify",), ("embed",), ())
    assert any("classify" in w and "not answered" in w for w in report.warnings)
    assert any("embed" in w and "no cell" in w for w in report.warnings)


@pytest.mark.parametrize("body", ["return (", "x = = 1", "return '\0'"])
def test_a_broken_answer_is_an_error_that_names_the_cell_and_leaves_the_earlier_zip(course, tmp_path, body):
    earlier = submit(course[0], "Ada", tmp_path / "out", saved(tmp_path, notebook())).path
    before = earlier.read_bytes()
    broken = notebook(cells=[answer("classify", "return 1"), answer("embed", body)])
    report = submit(course[0], "Ada", tmp_path / "out", saved(tmp_path, broken))
    assert not report.ok and len(report.errors) == 1
    assert "Cell 2 (task embed)" in report.errors[0]
    assert "untouched" in " ".join(report.lines())
    assert earlier.read_bytes() == before


def test_magics_are_no_syntax_errors_and_a_broken_scratch_cell_is_a_warning(course, tmp_path):
    cells = [answer("classify", "return 1"), answer("embed", "return 2")]
    cells += [
        {"cell_type": "code", "source": source, "metadata": {}} for source in ("%time 1\n!ls", "%%bash\nls (", "x = (")
    ]
    report = submit(course[0], "Ada", tmp_path / "out", saved(tmp_path, notebook(cells=cells)))
    assert report.ok and len(report.warnings) == 1 and report.warnings[0].startswith("Cell 5")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"%PDF-1.7 what", "not a notebook"),
        (b"[1, 2]", "no cells"),
        (b"[" * 400_000, "nested"),
        (json.dumps(notebook("day02_beta")).encode(), "another day"),
        (json.dumps({"nbformat": 3, "worksheets": []}).encode(), "format 3"),
    ],
)
def test_what_is_no_notebook_of_the_day_is_said_in_one_sentence(course, tmp_path, content, words):
    with pytest.raises(SubmitError, match=words) as caught:
        submit(course[0], "Ada", tmp_path / "out", saved(tmp_path, content))
    assert "\n" not in str(caught.value) and not (tmp_path / "out").exists()


def test_no_notebook_no_name_no_exercise(course, tmp_path):
    with pytest.raises(SubmitError, match="--notebook"):
        submit(course[0], "Ada", tmp_path, tmp_path / "nowhere.ipynb")
    with pytest.raises(SubmitError, match="--student"):
        submit(course[0], " \n ", tmp_path)
    later = syllabus.Day(9, "day09_later", "", "", 60, (), (), 10, (), False, root=tmp_path)
    with pytest.raises(SubmitError, match="no exercise"):
        submit(later, "Ada", tmp_path, saved(tmp_path, notebook()))


def test_a_full_disk_leaves_the_earlier_zip_and_no_litter(course, tmp_path, monkeypatch):
    out = tmp_path / "out"
    source = saved(tmp_path, notebook())
    before = submit(course[0], "Ada", out, source).path.read_bytes()

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(SubmitError, match="no space left"):
        submit(course[0], "Ada", out, source)
    assert [path.read_bytes() for path in out.iterdir()] == [before]


def test_a_folder_that_cannot_be_written_is_one_sentence(course, tmp_path):
    (tmp_path / "out").write_text("a file, not a folder")
    with pytest.raises(SubmitError, match="could not be written"):
        submit(course[0], "Ada", tmp_path / "out", saved(tmp_path, notebook()))


# --- reading hostile files --------------------------------------------------------------------------------------


def test_a_bare_notebook_takes_its_student_from_the_file_or_the_folder(course, tmp_path):
    assert read_submission(saved(tmp_path, notebook(), "day01_alpha-ada.ipynb")).student == "ada"
    (tmp_path / "Grace Hopper").mkdir()
    inside = saved(tmp_path / "Grace Hopper", notebook(), "day01_alpha.ipynb")
    assert read_submission(inside, course[0]).student == "Grace Hopper"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1"])
def test_encodings(tmp_path, encoding):
    text = json.dumps(notebook(body="return 'é'"), ensure_ascii=False)
    marks = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}
    read = read_submission(saved(tmp_path, marks.get(encoding, b"") + text.encode(encoding)))
    assert "return 'é'" in json.loads(read.notebook)["cells"][1]["source"]
    assert bool(read.notes) == (encoding not in ("utf-8", "utf-8-sig"))


def test_only_what_grading_needs_passes(tmp_path):
    cell = answer("classify", "return 1")
    cell["outputs"] = [{"output_type": "display_data", "data": {"text/html": "<script>alert(1)</script>"}}]
    cell["metadata"] |= {"tags": ["nbval-skip"], "evil": "<script>"}
    cell["metadata"]["nbgrader"] |= {"points": 1e9, "grade": "yes"}
    hostile = notebook(cells=[cell]) | {"metadata": {"kernelspec": {"name": "../../bin/sh"}}}
    clean = read_submission(saved(tmp_path, hostile)).notebook.decode()
    assert "script" not in clean and "nbval" not in clean and "kernelspec" not in clean and "points" not in clean
    assert json.loads(clean)["cells"][0]["metadata"]["nbgrader"] == {
        "grade_id": "classify",
        "solution": True,
        "locked": False,
        "task": False,
    }


def test_the_wrong_day_is_said_and_a_manifest_cannot_move_a_notebook(course, tmp_path):
    with pytest.raises(SubmissionProblem, match="Day 2, not of Day 1"):
        read_submission(saved(tmp_path, notebook("day02_beta")), course[0])
    packed = as_zip({"n.ipynb": notebook("day02_beta"), "manifest.json": {"student": "Ada", "day": "day01_alpha"}})
    read = read_submission(saved(tmp_path, packed, "ada.zip"))
    assert read.day == course[1] and any("manifest" in note for note in read.notes)


def test_a_changed_notebook_and_a_borrowed_name_are_noted_and_graded(tmp_path):
    manifest = {"student": "Grace Hopper", "notebook_sha256": "0" * 64}
    read = read_submission(saved(tmp_path, as_zip({"n.ipynb": notebook(), "manifest.json": manifest}), "mallory.zip"))
    assert read.student == "Grace Hopper" and read.doubtful
    assert any("changed after" in note for note in read.notes) and any("check whose" in note for note in read.notes)


@pytest.mark.parametrize("manifest", [b"{", b"[]", b"\xff\xfe\x00", b"[" * 30_000, b'{"student": 7, "submitted": []}'])
def test_a_bad_manifest_costs_nothing(tmp_path, manifest):
    packed = as_zip({"day01_alpha.ipynb": notebook(), "manifest.json": manifest})
    read = read_submission(saved(tmp_path, packed, "day01_alpha-ada.zip"))
    assert read.student == "ada" and read.submitted is None


def test_duplicate_keys_mean_the_last_one_for_everybody(tmp_path):
    text = json.dumps(notebook())[:-1] + ', "cells": ' + json.dumps([answer("embed", "return 2")]) + "}"
    assert len(json.loads(read_submission(saved(tmp_path, text.encode())).notebook)["cells"]) == 1


MANY = '{"nbformat": 4, "cells": [' + ",".join(['{"cell_type": "code", "source": "", "metadata": {}}'] * 3_000) + "]}"
LONG = json.dumps(notebook(cells=[answer("classify", "return '" + "x" * 300_000 + "'")]))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (lambda: b"PK\x03\x04 not really", "damaged"),
        (lambda: as_zip({"n.ipynb": notebook()})[:-40], "damaged"),
        (lambda: as_zip({"readme.txt": "hello"}), "no notebook"),
        (lambda: as_zip({"inner.zip": as_zip({"n.ipynb": notebook()})}), "another zip"),
        (lambda: as_zip({"a.ipynb": notebook(), "b.ipynb": notebook()}), "2 notebooks"),
        (lambda: as_zip({"../../n.ipynb": notebook()}), "leads out"),
        (lambda: as_zip({"..\\n.ipynb": notebook()}), "leads out"),
        (lambda: as_zip({"/etc/n.ipynb": notebook()}), "leads out"),
        (lambda: as_zip({"C:\\n.ipynb": notebook()}), "leads out"),
        (lambda: as_zip({"n.ipynb": "/etc/passwd"}, mode=stat.S_IFLNK | 0o777), "link"),
        (lambda: as_zip({f"{n}": b"" for n in range(1_001)}), "more than 1,000 files"),
        (lambda: as_zip({"n.ipynb": notebook()}, compress_type=zipfile.ZIP_LZMA), "unusual"),
        (lambda: as_zip({"n.ipynb": b" " * (untrusted.NOTEBOOK_BYTES + 1)}), "MB"),
        (lambda: b" " * (untrusted.FILE_BYTES + 1), "MB"),
        (lambda: MANY.encode(), "3,000 cells"),
        (lambda: LONG.encode(), "characters"),
        (lambda: b'{"nbformat": 4, "cells": ' + b"[" * 100_000, "nested"),
        (lambda: b'{"nbformat": 4, "cells": [' + b"{}," * 600_000, "too large"),
        (lambda: b'{"nbformat": 4, "cells": [], "x": ' + b"9" * 5_000 + b"}", "thousands of digits"),
        (lambda: b'{"nbformat": 4, "cells": [7]}', "Cell 1"),
        (lambda: b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": 7}]}', "Cell 1"),
        (lambda: json.dumps({"nbformat": ["x" * 9_000], "cells": []}).encode(), "format"),
        (lambda: json.dumps(notebook(cells=[])).encode(), "none of the tasks"),
    ],
)
def test_hostile_files_are_one_sentence(tmp_path, data, words):
    with pytest.raises(SubmissionProblem, match=words) as caught:
        read_submission(saved(tmp_path, data(), "mallory.zip" if data()[:2] == b"PK" else "mallory.ipynb"))
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 250


def test_an_encrypted_zip_is_said(tmp_path):
    packed = bytearray(as_zip({"n.ipynb": notebook()}))
    packed[packed.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(SubmissionProblem, match="password"):
        read_submission(saved(tmp_path, bytes(packed), "x.zip"))


@pytest.mark.skipif(os.name != "posix", reason="links and pipes of POSIX")
def test_links_pipes_and_folders_are_not_read(tmp_path):
    secret = saved(tmp_path, notebook(), "secret.ipynb")
    (tmp_path / "link.ipynb").symlink_to(secret)
    os.mkfifo(tmp_path / "pipe.ipynb")
    for name, words in (("link.ipynb", "link"), ("pipe.ipynb", "regular"), ("gone.ipynb", "cannot be read")):
        with pytest.raises(SubmissionProblem, match=words):
            read_submission(tmp_path / name)


def test_what_systems_add_to_a_zip_is_no_second_notebook(tmp_path):
    members = {
        "day01_alpha.ipynb": notebook(),
        "__MACOSX/._day01_alpha.ipynb": b"\0",
        ".ipynb_checkpoints/x.ipynb": b"",
    }
    assert read_submission(saved(tmp_path, as_zip(members), "ada.zip")).student == "ada"


def test_cells_are_known_without_metadata(tmp_path):
    stripped = notebook(cells=[{"cell_type": "code", "source": ["def embed(texts):\n", "    return 1"]}])
    read = read_submission(saved(tmp_path, stripped))
    assert set(submissions.answer_cells(json.loads(read.notebook), ("classify", "embed"))) == {"embed"}


def test_half_a_surrogate_does_not_end_the_reading(tmp_path):
    text = json.dumps(notebook()).replace("return texts", "return '\\ud800'")
    assert b"return '?'" in read_submission(saved(tmp_path, text.encode())).notebook


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.binary(max_size=300), st.binary(max_size=200).map(lambda b: b"PK\x03\x04" + b)))
def test_any_bytes_are_a_submission_or_one_sentence(tmp_path, data):
    for name in ("x.zip", "x.ipynb"):
        with pytest.raises(SubmissionProblem) as caught:
            read_submission(saved(tmp_path, data, name))
        assert "\n" not in str(caught.value)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_zip_with_flipped_bytes_is_read_or_one_sentence(tmp_path, data):
    packed = bytearray(as_zip({"day01_alpha.ipynb": notebook(), "manifest.json": {"student": "Ada"}}))
    for _ in range(data.draw(st.integers(1, 6))):
        packed[data.draw(st.integers(0, len(packed) - 1))] = data.draw(st.integers(0, 255))
    try:
        read = read_submission(saved(tmp_path, bytes(packed), "ada.zip"))
    except SubmissionProblem as problem:
        assert "\n" not in str(problem)
    else:
        assert isinstance(json.loads(read.notebook)["cells"], list)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)
CELL_LIKE = st.fixed_dictionaries(
    {"cell_type": st.sampled_from(["code", "markdown"]) | JSON, "source": st.text(max_size=20) | JSON, "id": JSON},
    optional={"metadata": st.fixed_dictionaries({"nbgrader": JSON}) | JSON},
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(CELL_LIKE, max_size=4))
def test_any_cells_are_read_or_one_sentence(tmp_path, cells):
    text = json.dumps(notebook(cells=[*cells, answer("classify", "return 1")]))
    try:
        read = read_submission(saved(tmp_path, text.encode("utf-8", "replace")))
    except SubmissionProblem as problem:
        assert "\n" not in str(problem)
    else:
        assert len(json.loads(read.notebook)["cells"]) == len(cells) + 1


def test_every_file_of_a_folder_gets_a_line_but_clutter(tmp_path):
    names = [
        "ada.zip",
        "bob.docx",
        ".DS_Store",
        "eve/day01_alpha.ipynb",
        "eve/data.csv",
        "zoe/essay.pdf",
        "eve/.x/y.ipynb",
    ]
    for name in [*names, "__MACOSX/z.ipynb"]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    found = [path.relative_to(tmp_path).as_posix() for path in submissions.find_submissions(tmp_path)]
    assert found == ["ada.zip", "bob.docx", "eve/day01_alpha.ipynb", "zoe/essay.pdf"]
    with pytest.raises(SubmitError, match="no folder"):
        submissions.find_submissions(tmp_path / "nowhere")


# --- names ------------------------------------------------------------------------------------------------------


@given(st.text(max_size=400))
def test_a_file_stem_is_safe_whatever_the_name(name):
    stem = files.file_stem(name)
    assert 10 <= len(stem.encode()) <= 120 and stem == os.path.basename(stem)
    assert not set(stem) & set('/\\:*?"<>|\0\n\r\t') and not stem.startswith((".", "-"))


def test_names_that_clean_to_the_same_letters_stay_apart():
    names = ["Ada", "ada", "ada!", "<script>ada", "../ada", "ada\n", "Ada" * 100, "Ada" * 101]
    assert len({files.file_stem(name) for name in names}) == len(names)
    assert files.file_stem("Ada") == files.file_stem("Ada")


@given(st.text(max_size=300))
def test_printable_is_one_visible_line(text):
    shown = files.printable(text)
    assert len(shown.encode("utf-8").decode()) <= files.NAME_LENGTH and files.printable(shown) == shown
    assert "\n" not in shown and "\u202e" not in shown and "\u200b" not in shown


def test_printable_keeps_the_joiner_that_persian_needs():
    assert files.printable("می\u200cخواهم") == "می\u200cخواهم"
    assert files.printable("Ad\u200ca \u202eevoL") == "Ad\\u200ca \\u202eevoL"


def test_write_whole_replaces_or_leaves(tmp_path):
    target = tmp_path / "deep" / "file.txt"
    files.write_whole(target, "old")
    with pytest.raises(TypeError):
        files.write_whole(target, 7)
    assert target.read_text() == "old" and list(target.parent.iterdir()) == [target]
    files.write_whole(target, "new")
    assert target.read_text() == "new"
