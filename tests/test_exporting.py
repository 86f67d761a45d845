"""Marks on their way out: what each system's importer reads, figures by hand, no formula, nothing filled in."""

import csv
import io
import json

import pytest
from gradebook_samples import NOON, entry, full_entry
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from course_utils import syllabus
from course_utils.cli import app
from course_utils.grading.export import ExportError
from course_utils.grading.exporting import FORMATS, export
from course_utils.grading.gradebook import Gradebook
from course_utils.grading.roster import RosterError
from course_utils.grading.school_csv import CLASSROOM, neutral

DAY = syllabus.day(1).slug
TITLE = f"Day 1: {syllabus.day(1).title}"
HOSTILE = '=HYPERLINK("http://evil"),Eve'
ROSTER = (
    "Student,ID,SIS User ID,SIS Login ID,Email,Section,github_username\n"
    "Ada Lovelace,4711,s1,ada,ada@example.org,A,ada-l\n"
    "Bo Li,4712,s2,bo,bo@example.org,A,boli\n"
    '"Roy, Sam",4713,s3,=sam,sam@example.org,-B,\n'
)
TEMPLATE = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Essay (90),Day 1: pipelines (91),Day 11 (92),Current Score,Final Score"
    "\r\n    Points Possible,,,,,10,5,5,(read only),(read only)\r\n"
    '"Li, Bo",4712,s2,bo,A,7,1,,50,50\r\n"Lovelace, Ada",4711,s1,ada,A,8,,,60,60\r\n'
    '"Nobody, Ned",4799,s9,ned,A,,3,,,\r\n'
    '"Student, Test",4000,,,A,,,,,\r\n'
)
WORKSHEET = (
    "Identifier,Full name,Email address,Status,Grade,Maximum Grade,Last modified (grade),Feedback comments\r\n"
    "Participant 11,Ada Lovelace,ada@example.org,Submitted,,5.00,-,\r\n"
    "Participant 12,Bo Li,bo@example.org,Submitted,3.00,5.00,Monday,old\r\n"
)


@pytest.fixture
def book(tmp_path):
    """Ada 2 of 5, and 1.25 more by hand; Bo's mark is open; Sam handed in nothing that could be read."""
    path = tmp_path / "gradebook.db"
    with Gradebook(path) as made:
        made.record(entry())
        made.record(entry("Bo Li", failed=True, problem="The sandbox did not start."))
        made.record(entry("Sam Roy", problem="This is not a notebook.", max_points=5.0))
        made.adjust("Ada Lovelace", DAY, "add", 1.25, "the task was unclear", "an instructor")
    return path


@pytest.fixture
def roster(tmp_path):
    path = tmp_path / "class.csv"
    path.write_text(ROSTER, encoding="utf-8")
    return path


def rows(path, **options):
    text = path.read_bytes().decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text), **options))


def test_canvas_by_the_roster(book, roster, tmp_path):
    report = export(book, "canvas", tmp_path / "canvas.csv", roster=roster, assignment="Pipelines (91)", day=1)
    assert rows(tmp_path / "canvas.csv") == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Pipelines (91)"],
        ["    Points Possible", "", "", "", "", "5.0"],
        ["Ada Lovelace", "4711", "s1", "ada", "A", "3.25"],
        ["Bo Li", "4712", "s2", "bo", "A", ""],
        ["Sam Roy", "4713", "s3", "'=sam", "'-B", "0.0"],
    ]
    assert report.marks == 2 and "Bo Li, Day 1: left out, because grading itself failed." in report.remarks
    assert not (tmp_path / "canvas.csv").read_bytes().startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize(("mark", "separator"), [("", ","), ("\ufeff", ";")])
def test_canvas_into_its_own_export(book, tmp_path, mark, separator):
    template = tmp_path / "export.csv"
    text = TEMPLATE if separator == "," else TEMPLATE.replace(", ", "¦").replace(",", ";").replace("¦", ", ")
    template.write_bytes((mark + text).encode())
    report = export(book, "canvas", tmp_path / "out.csv", template=template)
    written = rows(tmp_path / "out.csv", delimiter=separator)
    assert written == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Day 1: pipelines (91)"],
        ["Points Possible", "", "", "", "", "5"],
        ["Li, Bo", "4712", "s2", "bo", "A", "1"],
        ["Lovelace, Ada", "4711", "s1", "ada", "A", "3.25"],
        ["Nobody, Ned", "4799", "s9", "ned", "A", "3"],
        ["Student, Test", "4000", "", "", "A", ""],
    ]
    assert (tmp_path / "out.csv").read_bytes().startswith(mark.encode() or b"Student")
    assert "Sam Roy is not in the template, or is there twice: no mark was written." in report.remarks


def test_canvas_says_where_points_differ_and_which_columns_there_are(book, tmp_path):
    template = tmp_path / "export.csv"
    template.write_text(TEMPLATE.replace("10,5,5", "10,20,5"))
    report = export(book, "canvas", tmp_path / "o", template=template)
    assert any("20 points possible, the course 5" in remark for remark in report.remarks)
    template.write_text(TEMPLATE.replace("Day 1: pipelines (91)", "Week one (91)"))
    with pytest.raises(ExportError, match=r"no column for Day 1 .*Essay \(90\); Week one \(91\)"):
        export(book, "canvas", tmp_path / "o", template=template)
    for name in ("91", "week one", "Week one (91)"):
        export(book, "canvas", tmp_path / "o", template=template, day=1, assignment=name)
        assert ["Lovelace, Ada", "4711", "s1", "ada", "A", "3.25"] in rows(tmp_path / "o")


def test_moodle(book, roster, tmp_path):
    report = export(book, "moodle", tmp_path / "moodle.csv", roster=roster)
    header, ada, sam = rows(tmp_path / "moodle.csv")
    assert header == ["Email address", TITLE, f"{TITLE} (feedback)"] and ada[:2] == ["ada@example.org", "3.25"]
    for words in (
        "3.25 of 5 points.",
        "classify: 2 of 2.",
        "embed: 0 of 3.",
        "Divide by the norm.",
        "the task was unclear",
    ):
        assert words in ada[2]
    assert sam[:2] == ["sam@example.org", "0.0"] and "This is not a notebook." in sam[2]
    assert "test_secret_name" not in ada[2] and len(report.remarks) == 1


def test_moodles_worksheet(book, tmp_path):
    (tmp_path / "sheet.csv").write_text(WORKSHEET)
    export(book, "moodle", tmp_path / "out.csv", day=1, template=tmp_path / "sheet.csv")
    header, ada, bo = rows(tmp_path / "out.csv")
    assert header[0] == "Identifier" and ada[4] == "3.25" and "Divide by the norm." in ada[7]
    assert bo == ["Participant 12", "Bo Li", "bo@example.org", "Submitted", "3.00", "5.00", "Monday", "old"]


def test_moodle_shows_feedback_as_html(tmp_path):
    with Gradebook(tmp_path / "g.db") as book:
        book.record(entry("a@b.org", problem="<script>alert(1)</script>"))
    (tmp_path / "class.csv").write_text("email\na@b.org\n")
    export(tmp_path / "g.db", "moodle", tmp_path / "out.csv", roster=tmp_path / "class.csv")
    assert "<script" not in (tmp_path / "out.csv").read_text()


def test_gradescope(tmp_path):
    with Gradebook(tmp_path / "g.db") as book:
        book.record(full_entry())
        book.adjust("Ada Lovelace", DAY, "add", -1, "copied text", "an instructor")
    report = export(tmp_path / "g.db", "gradescope", tmp_path / "out")
    (path,) = report.paths
    result = json.loads(path.read_text())
    assert path.name == "results.json" and result["score"] == 3.0 and "copied text" in result["output"]
    assert [(test["score"], test["max_score"], test["status"]) for test in result["tests"]] == [
        (2.0, 2.0, "passed"),
        (0.0, 1.0, "failed"),
        (0.0, 3.0, "failed"),
        (2.0, 2.0, "passed"),
        (0.0, 2.0, "failed"),
    ]
    assert set(result) == {"score", "output", "visibility", "execution_time", "stdout_visibility", "tests"}
    assert set(result["tests"][0]) == {"score", "max_score", "name", "status", "output", "visibility"}
    assert result["tests"][1]["output"] == "Return one label for each text." and "test_secret" not in path.read_text()


def test_github_classroom(book, roster, tmp_path):
    report = export(book, "classroom", tmp_path / "out", roster=roster)
    header, ada, sam = rows(tmp_path / "out/grades.csv")
    assert tuple(header) == CLASSROOM and ada[3:5] == ["ada-l", "s1"] and ada[7:] == [NOON.isoformat(), "3.25", "5.0"]
    assert sam[3:5] == ["", "s3"] and "Sam Roy has no GitHub user name on the roster." in report.remarks
    results = [json.loads(path.read_text()) for path in report.paths if path.suffix == ".json"]
    scores = [(sum(test["score"] for test in one["tests"]), one["max_score"]) for one in results]
    assert scores == [(3.25, 5.0), (0.0, 5.0)], "what GitHub's reporter adds up"
    assert [test["status"] for test in results[0]["tests"]] == ["pass", "fail", "pass"]


def test_plain_csv_has_marks_and_points(book, tmp_path):
    export(book, "csv", tmp_path / "out.csv")
    ada, bo, sam = csv.DictReader(io.StringIO((tmp_path / "out.csv").read_bytes().decode("utf-8-sig")))
    assert (ada["mark"], ada["points"], ada["adjustment"]) == ("3.25", "2.0", "1.25")
    assert bo["mark"] == "" and sam["mark"] == "0.0"


@pytest.mark.parametrize("kind", ["canvas", "classroom", "csv", "moodle"])
def test_no_formula_leaves(kind, tmp_path):
    with Gradebook(tmp_path / "g.db") as book:
        book.record(entry(HOSTILE, file="=x.ipynb", notes=("@SUM(A1)",)))
    (tmp_path / "class.csv").write_text('name,email,section\n"=HYPERLINK(""http://evil"") Eve",=cmd|x@b.org,+1+1\n')
    out = tmp_path / "out"
    export(tmp_path / "g.db", kind, out, assignment="=1+1", day=1, roster=tmp_path / "class.csv")
    path = out / "grades.csv" if out.is_dir() else out
    for row in rows(path):
        for cell in row:
            assert cell.lstrip()[:1] not in tuple("=+-@") or cell.lstrip("-").replace(".", "").isdigit()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"kind": "excel"}, "no format 'excel'"),
        ({"kind": "moodle"}, "give a roster"),
        ({"kind": "csv", "day": 2}, "no marks for Day 2"),
        ({"kind": "moodle", "template": "class.csv"}, "is the grading worksheet"),
        ({"kind": "canvas", "template": "nowhere.csv"}, "There is no file"),
        ({"kind": "canvas", "roster": "bad.csv"}, "no column that names a learner"),
        ({"kind": "canvas", "roster": "twins.csv"}, "have the same email"),
        ({"kind": "canvas", "roster": "empty.csv"}, "empty"),
    ],
)
def test_what_is_missing_is_one_sentence(book, roster, tmp_path, monkeypatch, options, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.csv").write_text("colour\nred\n")
    (tmp_path / "twins.csv").write_text("name,email\nAda,a@b.org\nBo,A@b.org\n")
    (tmp_path / "empty.csv").write_text("\n")
    with pytest.raises((ExportError, RosterError), match=words):
        export(book, out=tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_the_command(book, roster, tmp_path):
    arguments = ["export", "canvas", tmp_path / "c.csv", "--gradebook", book, "--roster", roster]
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0 and "2 marks" in result.stdout and "Bo Li, Day 1: left out" in result.stdout
    result = CliRunner().invoke(app, ["export", "csv", str(tmp_path / "x"), "--gradebook", str(tmp_path / "none.db")])
    assert result.exit_code == 1 and len(result.stdout.strip().splitlines()) == 1


@settings(deadline=None)
@given(st.text(max_size=40))
def test_a_cell_is_kept_or_harmless(text):
    made = neutral(text)
    assert made == text or "'" in made
    assert not made.lstrip(" \t\r\n\"'")[:1].startswith(("=", "+", "@")) or made.lstrip()[:1] in ("'", '"')


names = st.lists(st.text(min_size=1, max_size=20).filter(str.strip), min_size=1, max_size=8, unique=True)


@settings(max_examples=5, deadline=None)
@given(names, st.floats(0, 5).map(lambda number: round(number, 3)))
def test_every_format_takes_every_name_and_mark(tmp_path_factory, names, points):
    root = tmp_path_factory.mktemp("any")
    with Gradebook(root / "g.db") as book:
        for name in names:
            book.record(entry(name))
        students = book.learners()
        for student in students:
            book.adjust(student, DAY, "set", points, "by lot", "an instructor")
    (root / "class.csv").write_text("email\na@b.org\n", encoding="utf-8")
    for kind in FORMATS:
        if kind != "moodle" or "a@b.org" in students:
            assert export(root / "g.db", kind, root / kind, roster=root / "class.csv").marks == len(students)
    results = [json.loads(path.read_text(encoding="utf-8")) for path in (root / "gradescope").rglob("results.json")]
    assert [result["score"] for result in results] == [round(points, 2)] * len(students)
