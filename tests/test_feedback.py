"""The pages and tables that people read: nothing hidden on them, nothing dangerous, nothing inaccessible."""

import csv
import io
import json
import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from gradebook_samples import NOON, entry, full_entry, grade, result
from hypothesis import example, given, settings
from hypothesis import strategies as st

from course_utils.grading import export, feedback
from course_utils.grading.dashboard import dashboard, write_dashboard
from course_utils.grading.entries import mark_counting
from course_utils.grading.gradebook import Gradebook
from course_utils.grading.marks import Adjustment, Answer, HandMark, Rules
from course_utils.grading.policy import Policy
from course_utils.grading.session import CellResult

CHROMIUM = Path("/usr/bin/chromium")


class Outline(HTMLParser):
    """The elements of a page and its text."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.attributes, self.text = [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text.append(data)

    @property
    def words(self):
        return " ".join(" ".join(self.text).split())


def test_the_page_says_points_hints_and_problems():
    words = Outline(feedback.learner_page(full_entry())).words
    for expected in (
        "4 of 10 points",
        "✗ took too long",
        "embed did not answer within 10 seconds.",
        "labels come in the order of the texts",
        "Linux namespaces",
        "NameError: name 'modle' is not defined",
        "The notebook was saved as UTF-16.",
        "Day 1: Pipelines",
        "◐ partly",
        "1 March 2026, 12:00 UTC",
    ):
        assert expected in words
    assert "\x1b" not in words and "[31m" not in words


def test_no_name_of_a_test_is_on_the_page():
    page = feedback.learner_page(full_entry())
    assert "test_secret_name" not in page and "test_public" not in page and "test_day01" not in page


def test_a_submission_without_a_grade_has_a_page_with_the_reason():
    words = Outline(feedback.learner_page(entry(problem="This is not a notebook.", day=""))).words
    assert "0 of 5 points" in words and "could not be graded" in words and "This is not a notebook." in words
    words = Outline(feedback.learner_page(entry(problem="The sandbox did not start.", failed=True))).words
    assert "Not graded yet" in words and "0 of 5" not in words
    assert "sandbox" not in words and "not in your submission" in words, "why is for the instructor to read"


def test_headings_captions_language_and_nothing_from_outside():
    for page in (
        feedback.learner_page(full_entry(), [entry(minutes=1), full_entry()]),
        dashboard([full_entry(), entry("Bo", problem="Empty.", day="")], {}),
    ):
        outline = Outline(page)
        levels = [int(tag[1]) for tag in outline.tags if re.fullmatch(r"h[1-6]", tag)]
        assert levels[0] == 1 and levels.count(1) == 1 and all(b <= a + 1 for a, b in zip(levels, levels[1:]))
        assert outline.tags.count("table") == outline.tags.count("caption") > 0
        assert ("lang", "en") in outline.attributes
        assert not re.search(r"(?:src|href)=.?(?:https?:)?//|@import|url\(", page)


HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7*7 }}"


def test_hostile_text_is_text_everywhere():
    cells = [CellResult(HOSTILE, HOSTILE, "failed", HOSTILE)]
    tests = [result("classify", "failed", hint=HOSTILE, description=HOSTILE)]
    hostile = entry(HOSTILE, grade=grade(tests, cells=cells, problems=[HOSTILE]), notes=(HOSTILE,), file=HOSTILE)
    for page in (feedback.learner_page(hostile, [hostile, hostile]), dashboard([hostile], {})):
        tags = Outline(page).tags
        assert (
            tags.count("script") == (page.count("sortable") > 1)
            and "img" not in tags
            and "49" not in Outline(page).words
        )


@settings(max_examples=60, deadline=None)
@given(st.text(min_size=1, max_size=120), st.text(max_size=300), st.text(max_size=300))
def test_any_text_makes_the_same_elements(student, hint, message):
    def page(student, hint, message):
        cells = [CellResult("c", "", "failed", message)]
        made = entry(student, grade=grade([result(outcome="failed", hint=hint)], cells=cells, problems=[message]))
        return feedback.learner_page(made, [made, made])

    assert Outline(page(student, hint, message)).tags == Outline(page("Ada", "a", "b")).tags


def markdown_shape(text):
    """What a reader of Markdown sees: the kinds of its elements, each with its nesting."""
    parser = pytest.importorskip("markdown_it").MarkdownIt("commonmark").enable("table")
    found = []
    for block in parser.parse(text):
        found.append((block.type, block.level))
        found += [
            (part.type, block.level) for part in block.children or () if part.type not in ("text", "text_special")
        ]
    return found


def test_markdown_says_what_the_page_says_and_ends_with_the_history():
    text = feedback.learner_markdown(full_entry(), [entry(minutes=1), full_entry()])
    for expected in (
        "**4 of 10 points**",
        "| `embed` | ✗ no points | 0 of 1 | 0 of 3 |",
        "Hint: Return one label for each text.",
        "✗ stopped: NameError: name 'modle' is not defined",
        "- 1 March 2026, 12:00 UTC, Ada Lovelace.zip: 4 points, counts",
    ):
        assert expected in text
    assert "test_secret" not in text and "\x1b" not in text and "\n\n\n" not in text


HOSTILE = "<script>alert(1)</script> [x](http://evil) ![y](z) | `code` **b** http://evil www.evil.com"


@settings(max_examples=40, deadline=None)
@given(st.text(min_size=1, max_size=60).filter(str.strip), st.text(max_size=120), st.text(max_size=120))
@example(HOSTILE, HOSTILE, HOSTILE)
@example("# x", "1. x", "- x")
def test_any_text_makes_the_same_markdown(student, hint, message):
    def text(student, hint, message):
        cells = [CellResult("c", "", "failed", message)]
        tests = [result(outcome="failed", hint=f"h {hint}")]
        made = entry(student, grade=grade(tests, cells=cells, problems=[f"{message} ."]))
        return feedback.learner_markdown(made, [made, made])

    shape = markdown_shape(text(student, hint, message))
    assert shape == markdown_shape(text("Ada", "a", "b"))
    assert not {kind for kind, _ in shape} & {"html_inline", "html_block", "link_open", "image"}


def write_pages(book, out):
    pages = feedback.write_feedback(book.entries(), book.attempts(), out)
    return [*(out / page for page in pages.values()), write_dashboard(book.entries(), pages, out / "index.html")]


def test_the_folder_of_pages_links_to_each_learner_once(tmp_path):
    names = ["Ada", "ada", "../../ada", "A" * 200, "<b>", "Ada\\n"]
    with Gradebook(tmp_path / "g.db") as book:
        for name in names:
            book.record(entry(name))
        book.record(entry("Ada", minutes=5, grade=grade([result(points=1.0)])))
        written = write_pages(book, tmp_path / "out")
    assert len(set(written)) == len(names) + 1
    assert all(path.is_relative_to(tmp_path / "out") and ".." not in path.parts for path in written)
    index = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    links = re.findall(r'href="([^"]+)"', index)
    assert len(links) == len(names) + 1 and all((tmp_path / "out" / link).is_file() for link in links)
    assert "replaced by another" in index
    again = {path: path.read_bytes() for path in written}
    with Gradebook(tmp_path / "g.db") as book:
        assert {path: path.read_bytes() for path in write_pages(book, tmp_path / "out")} == again


# --- CSV --------------------------------------------------------------------------------------------------------


def rows(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_results_csv_has_a_row_a_submission_and_a_column_a_task(tmp_path):
    entries = [full_entry(), entry("Zoë", problem="Empty."), entry("Bo", problem="No sandbox.", failed=True)]
    path = export.results_csv(entries, tmp_path / "results.csv")
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    ada, zoe, bo = rows(path)
    assert (ada["points"], ada["max_points"], ada["task classify"], ada["task embed"]) == ("4.0", "10.0", "2.0", "0.0")
    assert (zoe["student"], zoe["points"], zoe["problem"]) == ("Zoë", "0.0", "Empty.")
    assert bo["points"] == bo["task embed"] == "" and bo["state"].startswith("grading failed")


@pytest.mark.parametrize(
    "name",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", '"=1', " =1", "＝1", "Ada;=1", 'Ada","=1', "Ada\t@x"],
)
def test_no_text_becomes_a_formula(tmp_path, name):
    path = export.results_csv([entry(name, file=name, notes=(name,))], tmp_path / "r.csv")
    for separator in (",", ";", "\t"):
        for row in csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline=""), delimiter=separator):
            for cell in row:
                assert not re.match(r"[\s\"']*(?<!')[=+\-@＝＋－＠]", cell), cell


@given(st.lists(st.text(max_size=60), min_size=1, max_size=4))
def test_any_text_keeps_its_row_and_starts_no_formula(texts):
    for text in texts:
        shown = export.safe(text)
        assert "\n" not in shown and "\r" not in shown and "\t" not in shown
        assert not shown.lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))
        assert export.safe("Ada Lovelace") == "Ada Lovelace"


# --- in a browser -----------------------------------------------------------------------------------------------


@pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed")
def test_axe_finds_nothing_and_nothing_is_loaded(tmp_path):
    sync_api = pytest.importorskip("playwright.sync_api")
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    with Gradebook(tmp_path / "g.db") as book:
        for one in (marked(), entry(minutes=-5), entry("Bo", problem="Empty.", day=""), entry("Cy", minutes=3)):
            book.record(one)
        pages = write_pages(book, tmp_path)
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        for path in pages:
            page = browser.new_context(bypass_csp=True).new_page()
            requests = []
            page.on("request", lambda request, requests=requests: requests.append(request.url))
            page.goto(path.as_uri())
            assert requests == [path.as_uri()]
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                found = axe.Axe().run(page)
                assert found.violations_count == 0, f"{path.name}, {scheme}: {found.generate_report()}"
        browser.close()


# --- marks ------------------------------------------------------------------------------------------------------


def marked():
    """4 points of tests, 1 of 2 by hand, two days late at 10 % each, 1 point added: 5 - 1 + 1."""
    policy = Policy(percent_per_day=10, deadlines={"day01_pipelines": NOON - timedelta(days=2)})
    essay = Answer("explain", 2.0, "Because."), Answer("compare", 1.0, "", written=False)
    given = HandMark("Ada Lovelace", "day01_pipelines", "explain", essay[0].sha256, 1, "Why?\n<b>Say more.", "Bo", NOON)
    added = Adjustment("Ada Lovelace", "day01_pipelines", "add", 1, "The task was <unclear>.", "Grace", NOON)
    rules = Rules(policy, [added], [], [given])
    return mark_counting([replace(full_entry(), answers=essay)], rules)[0]


def test_the_page_says_how_the_mark_came_about():
    page = feedback.learner_page(marked())
    words = Outline(page).words
    for expected in (
        "5 of 10 points",
        "How the mark came about",
        "Marked by hand: explain 1 of 2 Why? <b>Say more.",
        "compare 0 of 1 not answered",
        "Late -1 2 days begun after 27 February 2026, 12:00 UTC",
        "Adjusted +1 The task was <unclear>. (Grace, 1 March 2026, 12:00 UTC",
    ):
        assert expected in words, expected
    assert "not final" not in words and "How the mark came about" not in feedback.learner_page(full_entry())
    found = dict(Outline(page).attributes)["content"]
    assert json.loads(found) == {"day": "day01_pipelines", "points": 5, "of": 10, "final": True}


def test_a_mark_that_is_not_final_says_so():
    waiting = mark_counting([replace(full_entry(), answers=(Answer("explain", 2.0, "Because."),))])
    assert "not final yet: explain has to be marked by hand" in Outline(feedback.learner_page(waiting[0])).words
    page = dashboard(waiting, {})
    assert "1 mark not final yet" in page and "graded, open: explain has to be marked by hand" in page
    shown = Outline(dashboard([marked()], {})).words
    assert "5 of 10" in shown and "graded, 2 days late, adjusted" in shown
