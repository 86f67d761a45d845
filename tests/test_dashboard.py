"""The instructor's page: figures computed by hand, a table that sorts, nothing from outside."""

from pathlib import Path

import pytest
from gradebook_samples import entry, full_entry, grade, result

from course_utils.grading.analysis import distribution, per_test
from course_utils.grading.dashboard import dashboard, write_dashboard
from course_utils.grading.entries import mark_counting
from course_utils.grading.similarity import Comparison, Pair, SharedTask

CHROMIUM = Path("/usr/bin/chromium")


ALIKE = Comparison(
    full_entry().day,
    41,
    (Pair("Bo", "=Zoe & co", 0.875, 7, (SharedTask("count_words", 7, 8, "<b>one</b>", "two"),)),),
    more=2,
)


def learner(name, *outcomes, **more):
    tests = [result(f"task{n}", outcome, 2.0) for n, outcome in enumerate(outcomes)]
    return entry(name, grade=grade(tests, **more))


def test_figures_by_hand():
    """Four learners, three tests. Marks 6, 4, 2, 0; test 0 passed by 3, test 1 by 2, test 2 by 1."""
    p, f = "passed", "failed"
    found = per_test(
        [learner("a", p, p, p), learner("b", p, p, f), learner("c", p, f, f), learner("d", f, f, "timeout")]
    )
    assert [(test.passed, test.learners, test.timeouts) for test in found] == [(3, 4, 0), (2, 4, 0), (1, 4, 1)]
    assert [test.share for test in found] == [0.75, 0.5, 0.25]
    # test 0: passing 1,1,1,0 against the rest 4,2,0,0: covariance 0.375 by deviations sqrt(0.1875 * 2.75)
    assert found[0].discrimination == pytest.approx(0.375 / (0.1875 * 2.75) ** 0.5)
    assert [test.remark for test in found] == ["", "", ""]


def test_tests_that_tell_nobody_apart_are_named():
    p, f = "passed", "failed"
    found = per_test([learner("a", p, f, p, f), learner("b", p, f, p, f), learner("c", p, f, f, p)])
    remarks = [test.remark for test in found]
    assert remarks == ["everybody passes", "nobody passes", "the better the mark, the fewer pass"] + remarks[3:]
    assert found[0].discrimination is None and found[2].discrimination == pytest.approx(-1)


def test_only_what_counts_and_was_graded_with_the_same_tests_is_counted():
    early = learner("a", "failed")
    late = entry("a", minutes=5, grade=grade([result("task0")]))
    other = learner("b", "failed", tests_hash="an older edition")
    older = entry(
        "c", grade=grade([result("task0", "failed")], tests_hash="old"), graded=early.graded.replace(year=2025)
    )
    unread = entry("d", problem="Empty.")
    cut_short = entry("e", grade=grade([]))
    found = per_test(mark_counting([early, late, older, unread, cut_short]))
    assert [(test.passed, test.learners) for test in found] == [(1, 1)]
    assert per_test([unread]) == [] and per_test([]) == [] and len(per_test([other])) == 1
    assert per_test([other])[0].discrimination is None


def test_every_mark_lies_in_one_band():
    marks = [0, 1.99, 2, 9.99, 10]
    assert distribution(marks, 10) == [("0 to 2", 2), ("2 to 4", 1), ("4 to 6", 0), ("6 to 8", 0), ("8 to 10", 2)]
    assert sum(count for _, count in distribution([0, 0], 0)) == 2


def test_what_must_not_be_overlooked_is_said():
    page = dashboard([entry("a", problem="No kernel.", failed=True), entry("b", grade=grade(sandbox="none"))], {})
    assert "1 mark open" in page and "No kernel. (1 submission)" in page
    assert "1 submission ran without a sandbox" in page
    assert "The gradebook is empty" in dashboard([], {})


def test_similar_submissions_are_a_hint_with_both_names():
    page = dashboard([full_entry()], {}, {full_entry().day: ALIKE})
    for words in (
        "not a verdict",
        "41\nlearners",
        "=Zoe &amp; co",
        "88%",
        "count_words: 7 of 8 passages",
        "2 more are",
    ):
        assert words in page
    assert "&lt;b&gt;one" in page and "<b>one" not in page
    quiet = dashboard([full_entry()], {}, {full_entry().day: Comparison(full_entry().day, 5)})
    assert "No two are strikingly alike" in quiet and "Similar submissions" not in dashboard([full_entry()], {})


@pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed")
def test_the_table_sorts_by_keyboard_and_says_so(tmp_path):
    sync_api = pytest.importorskip("playwright.sync_api")
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    entries = mark_counting([full_entry(), learner("Bo", "passed"), learner("Zoe", "failed"), entry("Cy", problem="x")])
    path = write_dashboard(entries, {}, tmp_path / "index.html", {full_entry().day: ALIKE})
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(path.as_uri())

        def column(number):
            return (
                page.locator("table")
                .first.locator("tbody tr")
                .evaluate_all("(rows, number) => rows.map(row => row.cells[number].textContent)", number)
            )

        button = page.locator("table").first.get_by_role("button", name="Points")
        button.focus()
        page.keyboard.press("Enter")
        assert [text.split()[0] for text in column(1)] == ["0", "0", "2", "4"]
        page.keyboard.press("Enter")
        assert [text.split()[0] for text in column(1)] == ["4", "2", "0", "0"]
        assert page.locator("th[aria-sort]").all_inner_texts()[0].startswith("Points")
        assert page.locator("th[aria-sort]").get_attribute("aria-sort") == "descending"
        page.get_by_text("count_words, side by side").focus()
        page.keyboard.press("Enter")
        assert page.locator("pre").all_inner_texts() == ["<b>one</b>", "two"] and page.locator("pre").first.is_visible()
        checked = browser.new_context(bypass_csp=True).new_page()
        checked.goto(path.as_uri())
        checked.get_by_role("button", name="Points").first.click()
        checked.get_by_text("count_words, side by side").click()
        found = axe.Axe().run(checked)
        assert found.violations_count == 0, found.generate_report()
        browser.close()
