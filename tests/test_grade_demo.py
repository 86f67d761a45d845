"""The sample class, graded for real: every mark is the one deserved, and nobody disturbs anybody."""

import csv
import sys
from dataclasses import replace

import pytest

from course_utils import release, syllabus
from course_utils.grading import sandbox

if str(syllabus.ROOT) not in sys.path:
    sys.path.append(str(syllabus.ROOT))

from examples import grade_demo, make_class

pytestmark = pytest.mark.skipif(not sandbox.available(), reason="this system offers no sandbox")
KINDS = """everything right; every second task; nothing answered; a syntax error in one answer;
an endless loop in one answer; the first cell raises; no notebook but a picture; another day's notebook;
prints results that it does not have; patches assert and every comparison; exits at import;
reads the files beside it"""


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    verdicts, result = grade_demo.run(folder, workers=2)
    return folder, {verdict.sample.student: verdict for verdict in verdicts}, result


def test_the_class_has_everybody_it_must_have(demo):
    whats = {verdict.sample.what for verdict in demo[1].values()}
    assert {kind.strip() for kind in KINDS.split(";")} <= whats
    assert {verdict.sample.points for verdict in demo[1].values()} >= {0, 10}


@pytest.mark.parametrize("student", [sample.student for sample in make_class.sample_class()])
def test_every_mark_is_the_one_deserved(demo, student):
    verdict = demo[1][student]
    assert verdict.entry is not None and not verdict.entry.failed, verdict.entry
    given = {(test.task, test.outcome, test.hint) for test in verdict.entry.grade.tests} if verdict.entry.grade else ()
    assert verdict.right, (
        verdict.sample.what,
        verdict.sample.points,
        verdict.entry.points,
        verdict.entry.sentence,
        given,
    )


def test_a_wrong_mark_or_a_missing_line_is_noticed(demo):
    verdict = demo[1]["ada"]
    assert not replace(verdict, sample=replace(verdict.sample, points=9.5)).right
    assert not replace(verdict, sample=replace(verdict.sample, says="words that nobody said")).right
    assert not replace(verdict, entry=None).right
    assert not replace(verdict, entry=replace(verdict.entry, failed=True)).right


def test_the_demo_ends_with_status_1_when_a_mark_is_wrong(demo, monkeypatch, tmp_path, capsys):
    verdict = demo[1]["ada"]
    wrong = replace(verdict, sample=replace(verdict.sample, points=3.0))
    monkeypatch.setattr(grade_demo, "BUILD", tmp_path)
    monkeypatch.setattr(grade_demo, "run", lambda *_, **__: ([verdict], demo[2]))
    assert grade_demo.main() == 0
    monkeypatch.setattr(grade_demo, "run", lambda *_, **__: ([verdict, wrong], demo[2]))
    assert grade_demo.main() == 1
    assert "1 of 2 marks" in capsys.readouterr().out


def test_a_second_run_repeats_nothing_and_says_the_same(demo):
    folder, verdicts, first = demo
    again = grade_demo.grade_folder(folder / "submissions", folder / "graded", "day01", limits=grade_demo.LIMITS)
    assert (again.graded, again.reused) == (0, len(verdicts))
    assert {e.file: e.points for e in again.entries} == {e.file: e.points for e in first.entries}


def test_alone_a_submission_gets_the_same_as_in_company(demo, tmp_path):
    chosen = ("cleo", "finn", "olaf")
    make_class.write_class([demo[1][student].sample for student in chosen], tmp_path / "in")
    alone = grade_demo.grade_folder(tmp_path / "in", tmp_path / "out", "day01", workers=1, limits=grade_demo.LIMITS)
    for entry in alone.entries:
        company = demo[1][entry.student].entry
        outcomes = [[(t.name, t.outcome, t.hint) for t in e.grade.tests] for e in (entry, company)]
        assert outcomes[0] == outcomes[1]


def test_nothing_hidden_is_in_any_report(demo):
    secrets = [s.text for s in release.collect_secrets([syllabus.day(1)]) if s.text]
    assert len(secrets) > 20
    pages = sorted((demo[0] / "graded").rglob("*.html"))
    assert len(pages) == len(demo[1])  # wim's is not a page of its own, and there is the dashboard
    for page in [*pages, demo[0] / "graded" / "results.csv"]:
        text = page.read_text(encoding="utf-8")
        assert not [secret for secret in secrets if secret in text], page
        assert "test_day01" not in text and "/solutions" not in text


def test_the_csv_has_everybody_once(demo):
    with (demo[0] / "graded" / "results.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(demo[1])
    assert {row["student"] for row in rows} == {s if s[0] != "=" else f"'{s}" for s in demo[1] if s != "wim"}
    assert {row["file"] for row in rows if row["counts"] == "no"} == {"wim.zip"}
