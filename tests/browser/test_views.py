"""The views in Chromium: in JupyterLab, in a notebook that is not trusted, in exported HTML, and by keyboard
alone.
"""

import nbformat
import pytest

from course_utils import show

pytest.importorskip("playwright")
pytest.importorskip("axe_playwright_python")

QUIZ = """
[[questions]]
ask = "What stands under `input_ids`? It costs $5 or $6."
choices = [
    {text = "Positions in the vocabulary", right = true, why = "Each token is looked up in a fixed list."},
    {text = "Vectors", why = "They come later, from the embedding layer."},
]
[[questions]]
ask = "Which of these does padding change?"
choices = [
    {text = "The shape", right = true, why = "All rows become as long as the longest."},
    {text = "The attention mask", right = true, why = "Padding gets a 0."},
    {text = "The vocabulary", why = "It was fixed when the tokenizer was trained."},
]
"""


def notebook(*sources: str, views: tuple = ()):
    """A notebook with code cells, or with the outputs that `views` give when a cell ends with them."""
    cells = [nbformat.v4.new_code_cell(source, id=f"code-{place}") for place, source in enumerate(sources)]
    for place, view in enumerate(views):
        data = {"text/html": view._repr_html_(), "text/plain": repr(view)}
        output = nbformat.v4.new_output("execute_result", data=data, execution_count=1)
        cells.append(nbformat.v4.new_code_cell("view", id=f"view-{place}", outputs=[output], execution_count=1))
    kernel = {"name": "transformers-course", "display_name": "Transformers course", "language": "python"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


def opened(page, view: show.View, tmp_path):
    page.goto(view.save(tmp_path / "view.html").as_uri())
    page.wait_for_selector(".cview[data-ready], .cview:not(:has(script))", timeout=20_000)
    return page.locator(".cview")


@pytest.fixture(params=["light", "dark"])
def scheme(request, page):
    page.emulate_media(color_scheme=request.param)
    return request.param


def test_quiz_by_keyboard_alone(page, axe, scheme, tmp_path):
    quiz = opened(page, show.quiz(QUIZ), tmp_path)
    axe(page)
    first, second = quiz.locator("form").all()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert "Not yet" in first.get_by_role("status").inner_text()
    assert "They come later" in first.get_by_role("status").inner_text()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("ArrowUp")
    assert first.get_by_role("status").inner_text() == ""
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert first.get_by_role("status").inner_text().startswith("Yes.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert first.locator("details").get_attribute("open") is not None
    for key in ("Tab", "Space", "Tab", "Space", "Tab", "Tab", "Enter"):
        page.keyboard.press(key)
    assert "all the right ones" in second.get_by_role("status").inner_text()
    axe(page)


def test_quiz_without_script_keeps_every_reason(chromium, tmp_path):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(show.quiz(QUIZ).save(tmp_path / "quiz.html").as_uri())
    page.get_by_text("Answers, with reasons").first.click()
    assert page.get_by_text("They come later").is_visible()
    context.close()


def test_tokens_have_no_script_and_nothing_for_axe(page, axe, scheme, tmp_path):
    offsets = [(0, 0), (0, 5), (5, 12), (13, 14), (13, 14)]
    view = show.tokens("tokenization é", ["[CLS]", "token", "##ization", "Ã", "©"], [101, 7, 8, 9, 10], offsets)
    tokens = opened(page, view, tmp_path)
    assert tokens.locator("li").count() == 5 and tokens.locator("script").count() == 0
    axe(page)


def test_views_in_jupyterlab(page, lab, axe):
    """Run in a kernel of the course: arrow keys belong to the view, and dollar signs are no formula."""
    source = f"from course_utils import show\nshow.quiz('''{QUIZ}''')"
    lab.open(page, lab.add(notebook(source), "quiz.ipynb"))
    lab.run_all(page)
    page.wait_for_selector(".cview-quiz[data-ready]")
    radios = page.locator(".cview-quiz input[type=radio]")
    radios.first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    assert radios.nth(1).is_checked()
    page.get_by_role("button", name="Check").first.press("Enter")
    assert "Not yet" in page.locator(".cview-quiz [role=status]").first.inner_text()
    assert "costs $5 or $6" in page.locator(".cview-quiz").inner_text()
    axe(page, ".cview")


def test_views_in_a_notebook_that_is_not_trusted(page, lab):
    views = (show.quiz(QUIZ), show.tokens("to be", ["to", "be"], [1, 2]))
    lab.open(page, lab.add(notebook(views=views), "untrusted.ipynb", trusted=False))
    page.wait_for_selector(".cview-quiz")
    assert page.locator(".cview script").count() == 0
    assert "They come later" in page.locator(".cview-quiz").text_content()
    assert page.locator(".cview-tokens li").count() == 2
