"""From the school's downloads to the folder that is graded: nothing lost, nothing guessed, nothing twice."""

import json
import os
from pathlib import Path, PurePosixPath

import pytest
from collect_samples import DAY1, DAY2, STUB, UNWRITTEN, exercise, packed, put, raw_names, submitted
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from course_utils.cli import app
from course_utils.grading import downloads
from course_utils.grading.collected import MANIFEST, CollectError, read_collected
from course_utils.grading.collecting import collect
from course_utils.grading.downloads import METADATA, holds_class
from course_utils.grading.submissions import find_submissions

ROSTER = (
    "Student,ID,SIS User ID,SIS Login ID,Section\n"
    '    Points Possible,,,,\n"Lovelace, Ada",4711,s1,ada@example.org,A\n"O\'Brien, Zoë",4712,s2,zoe@example.org,A\n'
    '"Lee, Kim",4713,s3,kim1@example.org,A\n"Lee, Kim",4714,s4,kim2@example.org,B\n"Student, Test",9,,,\n'
)


@pytest.fixture
def roster(tmp_path):
    path = tmp_path / "class.csv"
    path.write_text(ROSTER, encoding="utf-8")
    return path


def learners(out):
    return {entry.learner for entry in read_collected(out).values()}


def snapshot(folder):
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def one(out, learner):
    return [entry for entry in read_collected(out).values() if entry.learner == learner]


def test_canvas(tmp_path, roster):
    first, again = exercise(answer="return 1"), exercise(answer="return 2")
    members = {
        "lovelaceada_4711_90_day01_pipelines.ipynb": first,
        "lovelaceada_LATE_4711_97_day01_pipelines-1.ipynb": again,
        "lovelaceada_4711_91_notes.pdf": b"%PDF",
        "obrienzoë_LATE_4712_99_mine.zip": submitted("somebody else"),
        "leekim_4713_55_day01_pipelines.ipynb": exercise(answer="return 3"),
        "leekim_4714_56_day01_pipelines.ipynb": exercise(answer="return 4"),
        "strangersam_1_2_text.html": b"<p>typed</p>",
    }
    put(tmp_path / "in", {"submissions.zip": packed(members)})
    report = collect(tmp_path / "in", tmp_path / "out", roster)
    ada = one(tmp_path / "out", "Ada Lovelace")
    assert [(e.attempt, e.late, e.source.order) for e in ada] == [(1, False, 90), (2, True, 97)]
    assert ada[1].earlier == (ada[0].file,) and ada[1].received_at is None and ada[1].day == DAY1.slug
    assert (tmp_path / "out" / ada[1].file).read_bytes() == again
    assert (tmp_path / "out" / ada[0].file).parent.joinpath("notes.pdf").read_bytes() == b"%PDF"
    assert learners(tmp_path / "out") == {
        "Ada Lovelace",
        "Zoë O'Brien",
        "Kim Lee (s3)",
        "Kim Lee (s4)",
        "strangersam (1)",
    }
    assert report.found == (("in/submissions.zip", "canvas", 7, 5, 2),)
    assert dict(report.missing) == {DAY1.slug: ()} and report.roster == 4
    assert any("strangersam (1) is not on the roster" in remark for remark in report.remarks)
    assert len(find_submissions(tmp_path / "out")) == 6, "what grading reads: not the manifest, not the PDF"


def test_anonymous_canvas_and_names_without_a_roster(tmp_path):
    files = {"anon_x7Bq2_88_day01_pipelines.ipynb": exercise(), "leekim_LATE_4713_5_a_1_2.ipynb": exercise()}
    put(tmp_path / "in", files)
    collect(tmp_path / "in", tmp_path / "out")
    assert learners(tmp_path / "out") == {"anonymous x7Bq2", "leekim (4713)"}


def test_one_odd_name_does_not_make_a_canvas_download(tmp_path):
    put(tmp_path / "in", {"results_2024_01_mine.ipynb": exercise(), "ada.ipynb": exercise(answer="return 2")})
    collect(tmp_path / "in", tmp_path / "out")
    assert learners(tmp_path / "out") == {"results_2024_01_mine", "ada"}


@pytest.mark.parametrize("layout", ["folders", "folders of old", "one folder"])
def test_moodle(tmp_path, layout):
    joint = {"folders": "/", "folders of old": "_/", "one folder": "_"}[layout]
    names = {
        f"Ada Lovelace_101_assignsubmission_file{joint}day01_pipelines.ipynb": exercise(),
        f"Ada Lovelace_101_assignsubmission_file{joint}readme.txt": b"hello",
        f"Kim Lee_102_assignsubmission_file{joint}day01_pipelines.ipynb": exercise(answer="return 2"),
        f"Kim Lee_103_assignsubmission_file{joint}day01_pipelines.ipynb": exercise(answer="return 3"),
        f"Jean_Luc Roy_104_assignsubmission_onlinetext{joint}onlinetext.html": b"<p>sorry</p>",
    }
    put(tmp_path / "in", {"course-1.zip": packed(names)})
    collect(tmp_path / "in", tmp_path / "out")
    found = read_collected(tmp_path / "out").values()
    assert {(e.learner, e.source.system, e.late, e.received_at) for e in found} == {
        ("Ada Lovelace", "moodle", None, None),
        ("Kim Lee (participant 102)", "moodle", None, None),
        ("Kim Lee (participant 103)", "moodle", None, None),
        ("Jean_Luc Roy", "moodle", None, None),
    }
    assert {e.identifiers["participant"] for e in found} == {"101", "102", "103", "104"}


def test_moodles_grading_worksheet_tells_two_of_one_name_apart(tmp_path):
    (tmp_path / "class.csv").write_text(
        "Identifier,Full name,Email address,Status,Grade\nParticipant 102,Kim Lee,kim1@example.org,Submitted,\n"
        "Participant 103,Kim Lee,kim2@example.org,Submitted,\nParticipant 104,Ada Lovelace,ada@example.org,-,\n"
    )
    folders = {f"Kim Lee_{n}_assignsubmission_file/d.ipynb": exercise(answer=f"return {n}") for n in (102, 103)}
    put(tmp_path / "in", folders)
    report = collect(tmp_path / "in", tmp_path / "out", tmp_path / "class.csv")
    assert learners(tmp_path / "out") == {"Kim Lee (kim1@example.org)", "Kim Lee (kim2@example.org)"}
    assert report.missing == ((DAY1.slug, ("Ada Lovelace",)),)
    assert "Missing for day01_pipelines (1 of 3): Ada Lovelace." in str(report)


GRADESCOPE = """
submission_501:
  :submitters:
  - :name: Ada Lovelace
    :sid: '17'
    :email: ada@example.org
  :created_at: 2026-03-01 23:10:11.123456000 +01:00
  :score: 3.0
  :results: !ruby/object:Some::Class {tests: []}
submission_502:
  :submitters:
  - :name: Kim Lee
    :sid: '18'
    :email: kim@example.org
  - :name: Sam Roy
    :sid: '19'
    :email: sam@example.org
  :created_at: 2026-03-02 08:00:00 Z
submission_503:
  :submitters: []
"""


def test_gradescope_with_a_group(tmp_path):
    members = {
        "assignment_9_export/submission_metadata.yml": GRADESCOPE.encode(),
        "assignment_9_export/submission_501/day01_pipelines.ipynb": exercise(),
        "assignment_9_export/submission_502/day01_pipelines.ipynb": exercise(answer="return 2"),
        "assignment_9_export/submission_503/day01_pipelines.ipynb": exercise(answer="return 3"),
        "__MACOSX/assignment_9_export/._submission_metadata.yml": b"\0",
    }
    put(tmp_path / "in", {"export.zip": packed(members)})
    report = collect(tmp_path / "in" / "export.zip", tmp_path / "out")
    found = {entry.learner: entry for entry in read_collected(tmp_path / "out").values()}
    assert set(found) == {"Ada Lovelace", "Kim Lee", "Sam Roy"}
    assert found["Ada Lovelace"].received_at.isoformat() == "2026-03-01T22:10:11.123456+00:00"
    assert found["Sam Roy"].identifiers == {"number": "19", "email": "sam@example.org"}
    assert found["Kim Lee"].sha256 == found["Sam Roy"].sha256
    assert [str(one) for one in report.unplaced] == [
        "export.zip/assignment_9_export/submission_503/day01_pipelines.ipynb: "
        "submission_metadata.yml names nobody for submission_503."
    ]


def test_a_broken_metadata_file_is_named(tmp_path):
    put(tmp_path / "in", {"submission_metadata.yml": b"a: [", "submission_1/x.ipynb": exercise()})
    reasons = " ".join(map(str, collect(tmp_path / "in", tmp_path / "out").unplaced))
    assert "cannot be read" in reasons and "names nobody for submission_1" in reasons


def test_clones_of_github_classroom(tmp_path):
    lesson = json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()
    clones = {
        "day-1-submissions/day-1-ada-l/exercises/day01_pipelines.ipynb": exercise(),
        "day-1-submissions/day-1-ada-l/exercises/day02_tokenizers.ipynb": exercise(DAY2, UNWRITTEN),
        "day-1-submissions/day-1-ada-l/notebooks/day01_pipelines.ipynb": lesson,
        "day-1-submissions/day-1-ada-l/README.md": b"# Course",
        "day-1-submissions/day-1-ada-l/.git/config": b"[core]\n\tfsmonitor = touch /tmp/owned",
        "day-1-submissions/day-1-idle/exercises/day01_pipelines.ipynb": STUB,
    }  # fmt: skip
    put(tmp_path / "in", clones)
    (tmp_path / "class.csv").write_text('"identifier","github_username","github_id","name"\n"s1","ada-l","1","Ada"\n')
    report = collect(tmp_path / "in", tmp_path / "out", tmp_path / "class.csv")
    (entry,) = read_collected(tmp_path / "out").values()
    assert (entry.learner, entry.day, entry.identifiers["github"]) == ("Ada", DAY1.slug, "ada-l")
    assert [str(one) for one in report.unplaced] == ["in: idle: no exercise in this clone has an answer."]
    assert not list((tmp_path / "out").rglob("config"))


def test_a_folder_of_clones_named_by_the_roster(tmp_path):
    put(tmp_path / "in", {"hw-ada-l/day01_pipelines.ipynb": exercise()})
    (tmp_path / "class.csv").write_text("name,github_username\nAda,ada-l\n")
    collect(tmp_path / "in", tmp_path / "out", tmp_path / "class.csv")
    assert learners(tmp_path / "out") == {"Ada"}


def test_zips_of_course_submit_folders_and_bare_notebooks(tmp_path):
    files = {
        "week1/day01_pipelines-ada-lovelace.zip": submitted("Ada Lovelace"),
        "week1/day01_pipelines-mallory.zip": submitted("Bob", answer="return 2"),
        "carl/day01_pipelines.ipynb": exercise(answer="return 3"),
        "dora.ipynb": exercise(answer="return 4"),
        "erik/report.pdf": b"%PDF",
        "notes.txt": b"?",
        "week1/list.txt": b"?",
    }
    report = collect(put(tmp_path / "in", files), tmp_path / "out")
    found = {entry.learner: entry for entry in read_collected(tmp_path / "out").values()}
    assert set(found) == {"Ada Lovelace", "Bob", "carl", "dora", "erik"}
    assert found["Bob"].doubtful and not found["Ada Lovelace"].doubtful and found["erik"].day is None
    assert {str(one) for one in report.unplaced} == {
        "in/notes.txt: neither a notebook nor a zip, and no system's name on it.",
        "in/week1/list.txt: stands beside several learners' work.",
    }


def test_zips_in_zips(tmp_path):
    both = packed({"a/day01_pipelines.ipynb": exercise(), "b/day02_tokenizers.ipynb": exercise(DAY2)})
    twice = packed({"one.ipynb": exercise(), "two.ipynb": exercise(answer="return 9")})
    canvas = {
        "ada_1_11_inner.zip": packed({"deep.zip": packed({"day01_pipelines.ipynb": exercise(answer="return 5")})}),
        "bob_2_12_both.zip": both,
        "cyd_3_13_twice.zip": twice,
        "dan_4_14_bomb.zip": b"PK\3\4 no zip at all",
    }
    put(tmp_path / "in", {"everything.zip": packed({"week1.zip": packed(canvas), "readme.txt": b"?"})})
    report = collect(tmp_path / "in", tmp_path / "out")
    days = {(entry.learner, entry.day) for entry in read_collected(tmp_path / "out").values()}
    assert days == {
        ("ada (1)", DAY1.slug),
        ("bob (2)", DAY1.slug),
        ("bob (2)", DAY2.slug),
        ("cyd (3)", None),
        ("dan (4)", None),
    }
    assert any("taken out of both.zip" in remark for remark in report.remarks)
    assert any("2 notebooks with the tasks of day01_pipelines" in remark for remark in report.remarks)


def test_names_in_any_encoding(tmp_path):
    name = "Zoë Ñandú_7_assignsubmission_file_d.ipynb"
    decomposed = b"Zoe\xcc\x88 N\xcc\x83andu\xcc\x81_8_assignsubmission_file_d.ipynb"
    zips = {
        "utf8.zip": raw_names({name.encode(): exercise()}),
        "dos.zip": raw_names({name.encode("cp437", "replace"): exercise(answer="return 2")}),
        "mac.zip": raw_names({decomposed: exercise(answer="return 3")}),
        "flagged.zip": packed({name: exercise(answer="return 4")}),
        "latin.zip": raw_names({name.encode("latin-1"): exercise(answer="return 5")}),
    }
    report = collect(put(tmp_path / "in", zips), tmp_path / "out")
    by_zip = {PurePosixPath(e.source.download).name: e for e in read_collected(tmp_path / "out").values()}
    assert {by_zip[name].learner for name in ("utf8.zip", "mac.zip", "flagged.zip")} == {"Zoë Ñandú"}
    assert by_zip["dos.zip"].learner == "Zoë Ñand·".replace("·", "ú")
    assert by_zip["latin.zip"].learner not in ("Zoë Ñandú", "") and by_zip["latin.zip"].notes
    assert sum("does not say how its names are written" in remark for remark in report.remarks) == 2


def test_hostile_names_lead_nowhere_and_lose_nobody_else(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("mine")
    members = {
        "lovelaceada_1_2_day01_pipelines.ipynb": exercise(),
        "../../evil_3_4_x.ipynb": exercise(answer="return 2"),
        "/etc/evil_5_6_x.ipynb": exercise(answer="return 3"),
        "C:\\evil_7_8_x.ipynb": exercise(answer="return 4"),
        "bob_9_10_..%2F..%2Fday01.ipynb": exercise(answer="return 5"),
        "con_11_12_CON": b"x",
        "dot_13_14_.ipynb": exercise(answer="return 6"),
        "aux_15_16_aux.ipynb": exercise(answer="return 7"),
    }
    put(tmp_path / "in", {"week1.zip": packed(members)})
    os.symlink(secret, tmp_path / "in" / "eve_1_1_link.ipynb")
    before = snapshot(tmp_path / "in")
    report = collect(tmp_path / "in", tmp_path / "out")
    assert learners(tmp_path / "out") >= {"lovelaceada (1)", "bob (9)", "con (11)"}
    found = {entry.learner: entry.file.rpartition("/")[2] for entry in read_collected(tmp_path / "out").values()}
    assert (found["dot (13)"], found["aux (15)"]) == ("submission.ipynb", "_aux.ipynb") and "%" not in found["bob (9)"]
    assert len(report.unplaced) == 4 and sum("leads out of the zip" in one.reason for one in report.unplaced) == 3
    assert all(path.resolve().is_relative_to(tmp_path / "out") for path in (tmp_path / "out").rglob("*"))
    assert b"mine" not in b"".join(snapshot(tmp_path / "out").values()) and snapshot(tmp_path / "in") == before


BOB = "Bob Boy_2_assignsubmission_file"
CLAIM = b"x:\n  :submitters:\n  - :name: Bob Boy\n    :email: bob@example.org\n"


@pytest.mark.parametrize(
    ("outer", "learner"),
    [
        ("Eve_1_assignsubmission_file", "Eve"),
        ("hw-submissions/hw-eve", "eve"),
        ("submission_501", "Ada Lovelace"),
    ],
)
def test_nobody_hands_in_for_somebody_else_by_the_names_of_their_own_folders(tmp_path, outer, learner):
    inner = {
        f"{outer}/{BOB}/day01_pipelines.ipynb": exercise(answer="return 1"),
        f"{outer}/{METADATA}": CLAIM,
        f"{outer}/x/day01_pipelines.ipynb": exercise(answer="return 2"),
        f"{outer}/hw-submissions/hw-bob/day01_pipelines.ipynb": exercise(answer="return 3"),
        f"{outer}/bob_3_4_day01_pipelines.ipynb": exercise(answer="return 4"),
    }
    top = {METADATA: GRADESCOPE.encode()} if outer.startswith("submission_") else {}
    collect(put(tmp_path / "in", {"export.zip": packed(top | inner)}), tmp_path / "out")
    assert learners(tmp_path / "out") == {learner} and len(read_collected(tmp_path / "out")) == 4


def test_a_zip_that_looks_like_a_classs_among_learners_own_is_named(tmp_path):
    files = {
        "day01_pipelines-ada.zip": submitted("Ada"),
        "day01_pipelines-eve.zip": packed({f"{BOB}/day01_pipelines.ipynb": exercise()}),
    }
    report = collect(put(tmp_path / "in", files), tmp_path / "out")
    assert any("day01_pipelines-eve.zip looks like Moodle's" in remark for remark in report.remarks)


def test_bombs_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, "FILE_BYTES", 10_000)
    merging = b"a: &a {" + b", ".join(b"k%d: 1" % n for n in range(9)) + b"}\n"
    for level in b"bcdefghi":
        merging += b"%c: &%c {<<: [%s]}\n" % (level, level, b", ".join([b"*%c" % (level - 1)] * 9))
    members = {"eve_1_2_big.ipynb": b" " * 20_000, "ada_3_4_day01_pipelines.ipynb": exercise()}
    put(tmp_path / "in", {"w.zip": packed(members), f"g/{METADATA}": merging, "g/submission_1/x.ipynb": exercise()})
    report = collect(tmp_path / "in", tmp_path / "out")
    reasons = " ".join(map(str, report.unplaced))
    assert learners(tmp_path / "out") == {"ada (3)"}
    assert "more than the 0 MB that are read" in reasons and "cannot be read (ConstructorError)" in reasons


def test_a_second_run_changes_nothing_and_new_work_is_added(tmp_path, roster):
    put(tmp_path / "in", {"w1.zip": packed({"lovelaceada_4711_90_day01_pipelines.ipynb": exercise()})})
    first = collect(tmp_path / "in", tmp_path / "out", roster)
    files = snapshot(tmp_path / "out")
    second = collect(tmp_path / "in", tmp_path / "out", roster)
    assert (first.new, first.known) == (1, 0) and (second.new, second.known) == (0, 1)
    assert snapshot(tmp_path / "out") == files
    later = {
        "lovelaceada_LATE_4711_120_day01_pipelines-1.ipynb": exercise(answer="return 2"),
        "lovelaceada_4711_90_day01_pipelines.ipynb": exercise(),
    }
    put(tmp_path / "in", {"w2.zip": packed(later)})
    third = collect(tmp_path / "in", tmp_path / "out", roster)
    assert third.new == 1 and [(e.attempt, e.late) for e in third.entries] == [(1, False), (2, True)]
    after = snapshot(tmp_path / "out")
    assert all(after[name] == data for name, data in files.items() if name != Path(MANIFEST))


def test_nothing_of_anybodys_is_overwritten(tmp_path):
    put(tmp_path / "in", {"ada/day01_pipelines.ipynb": exercise()})
    collect(tmp_path / "in", tmp_path / "out")
    (entry,) = read_collected(tmp_path / "out").values()
    (tmp_path / "out" / entry.file).write_bytes(b"corrected by hand")
    put(tmp_path / "in", {"ada/day01_pipelines.ipynb": exercise(answer="return 2")})
    report = collect(tmp_path / "in", tmp_path / "out")
    assert (tmp_path / "out" / entry.file).read_bytes() == b"corrected by hand"
    assert len(report.entries) == 2 and any("was changed after it was collected" in one for one in report.remarks)
    (tmp_path / "out" / entry.file).unlink()
    assert any("no longer in the folder" in one for one in collect(tmp_path / "in", tmp_path / "out").remarks)


def test_a_run_that_was_killed_before_its_manifest_is_taken_up(tmp_path):
    put(tmp_path / "in", {"ada/day01_pipelines.ipynb": exercise(), "bob.ipynb": exercise(answer="return 2")})
    collect(tmp_path / "in", tmp_path / "out")
    files = snapshot(tmp_path / "out")
    (tmp_path / "out" / MANIFEST).unlink()
    assert collect(tmp_path / "in", tmp_path / "out").new == 0 and snapshot(tmp_path / "out") == files


def test_a_roster_that_comes_later_gives_the_names(tmp_path, roster):
    put(tmp_path / "in", {"w1.zip": packed({"lovelaceada_4711_90_day01_pipelines.ipynb": exercise()})})
    collect(tmp_path / "in", tmp_path / "out")
    assert learners(tmp_path / "out") == {"lovelaceada (4711)"}
    report = collect(tmp_path / "in", tmp_path / "out", roster)
    assert learners(tmp_path / "out") == {"Ada Lovelace"} and report.new == 0
    assert any("collected before as lovelaceada (4711)" in remark for remark in report.remarks)


def test_facts_that_changed_are_said_and_kept(tmp_path):
    put(tmp_path / "in", {"w.zip": packed({"lovelaceada_LATE_4711_90_day01_pipelines.ipynb": exercise()})})
    collect(tmp_path / "in", tmp_path / "out")
    put(tmp_path / "in", {"w.zip": packed({"lovelaceada_4711_90_day01_pipelines.ipynb": exercise()})})
    report = collect(tmp_path / "in", tmp_path / "out")
    assert one(tmp_path / "out", "lovelaceada (4711)")[0].late is True
    assert any("says late = False" in remark for remark in report.remarks)


NEWER = b'{"format": 99, "submissions": []}'


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda p: (p / "nowhere", p / "out"), "There is no"),
        (lambda p: (put(p / "in", {"a/b.ipynb": b""}), p / "in" / "out"), "one inside the other"),
        (lambda p: (put(p, {"in/.DS_Store": b""}) / "in", p / "out"), "nothing in"),
        (lambda p: (put(p / "in", {"a.ipynb": b""}), put(p, {"out": b""}) / "out"), "is not a folder"),
        (lambda p: (put(p / "in", {"a.ipynb": b""}), put(p / "out", {MANIFEST: b"{"})), "cannot be read"),
        (lambda p: (put(p / "in", {"a.ipynb": b""}), put(p / "out", {MANIFEST: NEWER})), "format 99"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_one_sentence(tmp_path, make, words):
    downloads, out = make(tmp_path)
    with pytest.raises(CollectError, match=words):
        collect(downloads, out)


def test_a_manifest_that_leads_elsewhere_is_refused(tmp_path):
    put(tmp_path / "in", {"ada.ipynb": exercise()})
    collect(tmp_path / "in", tmp_path / "out")
    path = tmp_path / "out" / MANIFEST
    path.write_text(path.read_text().replace('"file": "', '"file": "../'))
    with pytest.raises(CollectError):
        read_collected(tmp_path / "out")


def test_who_is_missing_and_who_sent_something_else(tmp_path, roster):
    files = {
        "lovelaceada_4711_90_day01_pipelines.ipynb": exercise(),
        "lovelaceada_4711_91_day02_tokenizers.ipynb": exercise(DAY2),
        "obrienzoë_4712_92_essay.pdf": b"%PDF",
    }
    report = collect(put(tmp_path / "in", files), tmp_path / "out", roster)
    others = ("Zoë O'Brien (a file that is no day's exercise)", "Kim Lee (s3)", "Kim Lee (s4)")
    assert report.missing == ((DAY1.slug, others), (DAY2.slug, others))


def test_the_command(tmp_path, roster):
    put(tmp_path / "in", {"w1.zip": packed({"lovelaceada_4711_90_day01_pipelines.ipynb": exercise()}), "x.txt": b""})
    result = CliRunner().invoke(app, ["collect", str(tmp_path / "in"), str(tmp_path / "out"), "--roster", str(roster)])
    assert result.exit_code == 0, result.output
    for words in (
        "(Canvas): 1 file of 1 learner.",
        "1 new",
        "Could not be placed (1)",
        "Missing for day01_pipelines (3",
    ):
        assert words in result.stdout
    result = CliRunner().invoke(app, ["collect", str(tmp_path / "nowhere"), str(tmp_path / "out")])
    assert result.exit_code == 1 and len(result.stdout.strip().splitlines()) == 1


names = st.text(st.characters(exclude_characters="\0/"), min_size=1, max_size=40).filter(lambda name: name.strip(". "))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(members=st.dictionaries(names, st.binary(max_size=40), min_size=1, max_size=6), system=st.integers(0, 3))
def test_any_names_and_bytes_are_kept_or_named(tmp_path_factory, members, system):
    """Whatever strangers call their files: each ends in the folder with its bytes, or in the list with a reason."""
    root = tmp_path_factory.mktemp("any")
    prefix = ("Ada_1_assignsubmission_file_/", "Ada_1_assignsubmission_file_", "ada_1_2_", "ada/")[system]
    try:
        put(
            root / "in",
            {"w.zip": packed({prefix + name: data for name, data in members.items()} | {"ada_1_2_x.zip": b""})},
        )
    except (ValueError, UnicodeError):
        return  # the zip itself cannot be made
    report = collect(root / "in", root / "out")
    kept = [path.read_bytes() for path in (root / "out").rglob("*") if path.is_file()]
    refused = " ".join(str(one) for one in report.unplaced)
    for name, data in members.items():
        hidden = name.startswith(".") or name in ("__MACOSX", "__pycache__", "Thumbs.db", "desktop.ini")
        assert data in kept or refused or hidden
    assert all(path.resolve().is_relative_to(root / "out") for path in (root / "out").rglob("*"))
    files = snapshot(root / "out")
    collect(root / "in", root / "out")
    assert snapshot(root / "out") == files


@given(st.lists(st.text(max_size=30).map(lambda name: PurePosixPath("x", name or "y")), max_size=5))
def test_any_name_can_be_asked(paths):
    assert holds_class(paths) in (True, False)
