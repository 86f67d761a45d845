"""Reading answers beside their rubric: marks arrive in the gradebook, and nobody else gets in or gets anything run."""

import http.client
import json
import re
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import grading_fakes
import nbformat
import pytest
from test_batch import course, folder, notebook  # noqa: F401  fixtures among them

from course_utils import notebooks
from course_utils.grading import hand, review
from course_utils.grading.batch import grade_folder
from course_utils.grading.decisions import open_book
from course_utils.grading.review import ReviewError, reviewing

CHROMIUM = Path("/usr/bin/chromium")
HOSTILE = "Because <script>document.title = 'run'</script><img src=x onerror=alert(1)>\n    two \u202elines\n"
SOLUTION = """### BEGIN SOLUTION
The scores are divided by the root of the size, or softmax saturates.

- 2 points: names the size of the keys
- 1 point: says what saturation does to the gradient
### END SOLUTION"""


def essay(source):
    mark = {"grade_id": "explain", "grade": True, "solution": True, "locked": False, "points": 3, "schema_version": 3}
    return nbformat.v4.new_markdown_cell(source, id="explain", metadata={"nbgrader": mark | {"task": False}})


@pytest.fixture
def day(course):  # noqa: F811
    """A sample day with a task that a person marks: no day of the course has one yet."""
    code = nbformat.v4.new_code_cell("def classify(texts):\n    return texts", id="classify")
    question = nbformat.v4.new_markdown_cell("Why are the scores divided?", id="why")
    solution = nbformat.v4.new_notebook(cells=[code, question, essay(SOLUTION)])
    course[0].solution.parent.mkdir(exist_ok=True)
    nbformat.write(solution, course[0].solution)
    notebooks.write(notebooks.generate_exercise(solution), course[0].exercise)
    return course[0]


@pytest.fixture
def graded(day, folder):  # noqa: F811
    """Ada and Bo have answered, Cy has not; all have 2 points for the tests."""
    for name, text in (("ada", HOSTILE), ("bo", "The size of the keys."), ("cy", None)):
        book = json.loads(day.exercise.read_text()) if text is None else json.loads(notebook("right"))
        book["cells"] += [] if text is None else [essay(text)]
        (folder / f"{name}.ipynb").write_text(json.dumps(book))
    grade_folder(folder, folder.parent / "out", grade=grading_fakes.grade, sandbox="none")
    return folder.parent / "out"


def test_the_solution_is_the_one_source_of_stub_and_rubric(day):
    stub = json.loads(day.exercise.read_text())["cells"][-1]
    assert "".join(stub["source"]) == "Write your answer here."
    rubric = hand.rubrics(day.slug)["explain"]
    assert rubric.question == "Why are the scores divided?" and rubric.points == 3
    assert rubric.model_answer.startswith("The scores are divided") and "SOLUTION" not in rubric.model_answer
    assert rubric.criteria == (
        (2, "names the size of the keys"),
        (1, "says what saturation does to the gradient"),
    )
    assert hand.rubrics("day99_none") == {}


class Browser:
    """Just enough of one to follow links and send forms."""

    def __init__(self, address):
        self.address = urlsplit(address)

    def ask(self, path="", form=None, **headers):
        connection = http.client.HTTPConnection(self.address.hostname, self.address.port, timeout=10)
        body = form if isinstance(form, str) or form is None else urlencode(form)
        connection.request("POST" if body is not None else "GET", self.address.path + path, body, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text, answer.headers

    def links(self):
        return re.findall(r'<th scope="row"><a href="([0-9a-f]{16})">', self.ask()[1])


def fields(page):
    return dict(re.findall(r'name="(answer|following)" value="([^"]*)"', page))


def marks(out):
    with open_book(out) as book:
        return {mark.student: mark for mark in book.marks()}


def test_a_mark_arrives_at_once_and_leads_to_the_next_answer(graded):
    assert marks(graded)["ada"].open == ("explain has to be marked by hand",)
    with reviewing(graded, author="Grace") as address:
        browser = Browser(address)
        ada, bo = browser.links()
        status, page, headers = browser.ask(ada)
        assert status == 200 and "Why are the scores divided?" in page and "names the size of the keys (2)" in page
        assert headers["Cache-Control"] == "no-store" and "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        form = fields(page) | {"points": "2,5", "comment": "Good.\r\n<b>Say</b> more."}
        status, _, headers = browser.ask(ada, form)
        assert status == 303 and headers["Location"].endswith(bo)
        assert marks(graded)["ada"].total == 4.5 and marks(graded)["ada"].final
        assert "2.5 of 3" in browser.ask()[1] and "1 of 2 have a mark" in browser.ask()[1]
        again = browser.ask(ada, fields(browser.ask(ada)[1]) | {"points": "3", "comment": "Read again."})
        assert again[0] == 303 and "2.5 by Grace" in browser.ask(ada)[1]
    given = marks(graded)["ada"].hand_marks[0]
    assert (given.points, given.author, given.comment) == (3, "Grace", "Read again.")
    page = next((graded / "feedback").rglob("ada-*.html")).read_text()
    assert "3 of 3" in page and "Read again." in page, "the pages are written again when the review ends"
    assert marks(graded)["cy"].final, "nothing was answered, nothing has to be read"


def test_hostile_text_is_text(graded):
    with reviewing(graded) as address:
        browser = Browser(address)
        page = browser.ask(browser.links()[0])[1]
        form = fields(page) | {"points": "1", "comment": "</textarea><script>alert(1)</script>"}
        browser.ask(browser.links()[0], form)
        page = browser.ask(browser.links()[0])[1]
    scripts = re.findall(r"<script>(.*?)</script>", page, re.S)
    assert len(scripts) == 1 and "data-points" in scripts[0], "the only script is ours"
    assert "&lt;script&gt;document.title" in page and "<img" not in page
    assert "\u202e" not in page and "\\u202e" in page and "\n    two " in page


@pytest.mark.parametrize(
    ("points", "words"), [("", "Say how many"), ("4", "0 to 3"), ("-1", "0 to 3"), ("nan", "0 to 3"), ("x", "how many")]
)
def test_a_wrong_number_is_said_on_the_page(graded, points, words):
    with reviewing(graded) as address:
        browser = Browser(address)
        key = browser.links()[0]
        status, page, _ = browser.ask(key, fields(browser.ask(key)[1]) | {"points": points})
    assert status == 422 and words in page and 'role="alert"' in page
    assert not marks(graded)["ada"].hand_marks


def test_nobody_else_gets_in(graded):
    with reviewing(graded) as address:
        browser = Browser(address)
        key = browser.links()[0]
        form = fields(browser.ask(key)[1]) | {"points": "3"}
        assert browser.ask(key, form, Host="evil.example")[0] == 403, "a name that leads here from elsewhere"
        assert browser.ask(key, form, **{"Sec-Fetch-Site": "cross-site"})[0] == 403
        assert browser.ask(key, form | {"answer": "0" * 64})[0] == 422, "another text than the one that was read"
        assert browser.ask(key, "x" * (review.BODY + 1))[0] == 400
        assert browser.ask("nothing")[0] == 404 and browser.ask("nothing", form)[0] == 400
        assert browser.ask("../../etc/passwd")[0] == 404
        stranger = Browser(address.replace(urlsplit(address).path, "/wrong/"))
        assert stranger.ask(key)[0] == 403 and stranger.ask(key, form)[0] == 403 and stranger.ask()[0] == 403
        assert urlsplit(address).hostname == "127.0.0.1" and len(urlsplit(address).path) > 20
    assert not marks(graded)["ada"].hand_marks


def test_without_names_the_page_says_none(graded):
    with reviewing(graded, anonymous=True) as address:
        browser = Browser(address)
        pages = [browser.ask()[1], *(browser.ask(key)[1] for key in browser.links())]
    assert all("ada" not in page and ">bo<" not in page for page in pages) and "Answer 1" in pages[0]


def test_what_keeps_a_review_from_starting_is_one_sentence(course, folder):  # noqa: F811
    (folder / "ada.ipynb").write_text(notebook("right"))
    grade_folder(folder, folder.parent / "out", grade=grading_fakes.grade, sandbox="none")
    with pytest.raises(ReviewError, match="no answers to read"), reviewing(folder.parent / "out"):
        pass


@pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed")
def test_by_keyboard_in_a_browser_and_axe_finds_nothing(graded):
    sync_api = pytest.importorskip("playwright.sync_api")
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    with reviewing(graded, author="Grace") as address, sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        page = browser.new_page()
        asked = []
        page.on("request", lambda request: asked.append(urlsplit(request.url).hostname))
        page.goto(address)
        page.get_by_role("link", name="ada").focus()
        page.keyboard.press("Enter")
        page.get_by_role("checkbox", name="names the size").focus()
        page.keyboard.press("Space")
        assert page.get_by_label("Points, 0 to 3").input_value() == "2"
        page.get_by_label("Comment").focus()
        page.keyboard.type("Well said.")
        page.keyboard.press("Control+Enter")
        page.get_by_role("heading", level=1, name="bo: explain").wait_for()
        assert page.title() == "bo, explain"
        page.get_by_role("link", name="Previous").focus()
        page.keyboard.press("Enter")
        page.get_by_role("heading", level=1, name="ada: explain").wait_for()
        assert "run" not in page.title() and page.locator("pre").first.inner_text().startswith("Because <script>")
        assert set(asked) == {"127.0.0.1"}
        checked = browser.new_context(bypass_csp=True).new_page()
        for path in ("", page.url.rsplit("/", 1)[1]):
            checked.goto(address + path)
            found = axe.Axe().run(checked)
            assert found.violations_count == 0, found.generate_report()
        browser.close()
    assert marks(graded)["ada"].hand_marks[0].comment == "Well said."
