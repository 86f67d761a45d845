"""The views in Chromium: in JupyterLab, in a notebook that is not trusted, in exported HTML, and by keyboard
alone.
"""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import nbformat
import numpy as np
import pytest

from course_utils import logbook, show, syllabus

pytest.importorskip("axe_playwright_python")
expect = pytest.importorskip("playwright.sync_api").expect

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


def test_progress_has_nothing_for_axe(page, axe, scheme, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_PROGRESS", "on")
    days = [replace(syllabus.day(number), root=tmp_path) for number in (1, 2)]
    days[0].exercise.parent.mkdir()
    for day in days:
        shutil.copy(syllabus.day(day.number).exercise, day.exercise)
    logbook.note_checks(days[0], "classify_texts", 3, 3)
    logbook.note_submission(days[0])
    shown = logbook.progress(days)._repr_html_()
    assert "classify_texts" not in shown and "encode_batch" in shown
    page.set_content(f'<html lang="en"><title>A notebook</title><main><h1>Mine</h1>{shown}</main>')
    axe(page)
    assert page.get_by_role("table", name="Your progress").get_by_role("rowheader").count() == 2


def random_weights(*shape: int):
    weights = np.exp(np.random.default_rng(0).normal(scale=2, size=shape))
    return weights / weights.sum(-1, keepdims=True)


TOKENS = ["[CLS]", "to", "be", "or", "not", "[SEP]"]
WEIGHTS = random_weights(2, 3, 6, 6)


def begins(view, words: str) -> None:
    """Wait until the value that is read out begins with these words: the browser may take a moment to change it."""
    expect(view.locator("output b")).to_have_text(re.compile(re.escape(words)))


def shown_weight(view) -> float:
    return float(view.locator("output b").inner_text().rsplit(": ", 1)[1])


def test_attention_by_keyboard_alone_reaches_every_value(page, axe, scheme, tmp_path):
    view = opened(page, show.attention(WEIGHTS, TOKENS), tmp_path)
    axe(page)
    for key in ("Tab", "ArrowDown", "Tab", "ArrowDown", "ArrowDown"):  # layer 2, head 3
        page.keyboard.press(key)
    for name, value in (("Layer", "2"), ("Head", "3")):
        expect(view.get_by_role("combobox", name=name)).to_have_value(value)
    for key in ("Tab", "Tab", "ArrowUp", "Home"):  # past the box, to the matrix
        page.keyboard.press(key)
    for row in range(6):
        for column in range(6):
            begins(view, f"“{TOKENS[row]}” to “{TOKENS[column]}”")
            assert abs(shown_weight(view) - WEIGHTS[1, 2, row, column]) <= 0.00007
            page.keyboard.press("ArrowRight")
        for key in ("Home", "ArrowDown"):
            page.keyboard.press(key)
    assert "row sums to 1.000" in view.locator("output").inner_text()
    axe(page)


def test_attention_averages_and_leaves_special_tokens_out(page, tmp_path):
    view = opened(page, show.attention(WEIGHTS, TOKENS), tmp_path)
    view.get_by_role("combobox", name="Head").select_option("average")
    view.get_by_role("combobox", name="Layer").select_option("average")
    page.wait_for_function("document.querySelectorAll('.cview select')[1].value === 'average'")
    matrix = view.get_by_role("application").first
    matrix.press("Home")
    assert abs(shown_weight(view) - WEIGHTS.mean((0, 1))[1, 0]) < 0.0001
    view.get_by_label("special tokens").uncheck()
    for key in ("ArrowUp", "ArrowUp", "Home"):
        matrix.press(key)
    inner = WEIGHTS.mean((0, 1))[1:5, 1:5]
    begins(view, "“to” to “to”")
    assert abs(shown_weight(view) - (inner / inner.sum(-1, keepdims=True))[0, 0]) < 0.0001
    assert "row sums to 1.000" in view.locator("output").inner_text()


def test_attention_by_mouse(page, tmp_path):
    view = opened(page, show.attention(WEIGHTS, TOKENS), tmp_path)
    view.locator("img").click(position={"x": 26 + 36 * 2 + 10, "y": 18 + 36 + 10})
    expect(view.get_by_role("combobox", name="Layer")).to_have_value("2")
    expect(view.get_by_role("combobox", name="Head")).to_have_value("3")
    view.locator("canvas").first.hover(position={"x": 74 + 25 * 3 + 5, "y": 74 + 25 * 2 + 5})
    begins(view, "“be” to “or”")
    view.locator("canvas.strip").click(position={"x": 12, "y": 12})
    begins(view, "“[CLS]” to “[CLS]”")


def test_attention_of_an_encoder_decoder(page, axe, tmp_path):
    cross = random_weights(2, 2, 3, 6)
    more = {"decoder": random_weights(2, 2, 3, 3), "cross": cross, "target_tokens": ["<s>", "oder", "nicht"]}
    view = opened(page, show.attention(random_weights(2, 2, 6, 6), TOKENS, **more), tmp_path)
    view.get_by_label("Attention of").select_option("Cross-attention")
    matrix = view.get_by_role("application").first
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "End"):
        matrix.press(key)
    begins(view, "“nicht” to “[SEP]”")
    assert abs(shown_weight(view) - cross[0, 0, 2, 5]) <= 0.0001
    axe(page)


def test_attention_has_few_nodes_whatever_the_length(page, tmp_path):
    view = opened(page, show.attention(random_weights(6, 12, 40, 40), [f"t{at}" for at in range(40)]), tmp_path)
    assert view.evaluate("root => root.querySelectorAll('*').length") <= 60


def test_the_same_view_twice_on_a_page_comes_to_life_twice(page, tmp_path):
    html = show.attention(WEIGHTS, TOKENS)._repr_html_()
    (tmp_path / "twice.html").write_text(f"<!doctype html><meta charset=utf-8>{html}{html}", encoding="utf-8")
    page.goto((tmp_path / "twice.html").as_uri())
    page.wait_for_function("document.querySelectorAll('.cview[data-ready]').length === 2")
    assert page.locator("canvas").count() == 4


def test_patches_by_keyboard_alone(page, axe, scheme, tmp_path):
    weights = random_weights(2, 2, 7, 7)
    view = opened(page, show.patches(np.zeros((20, 30)), (2, 3), weights), tmp_path)
    axe(page)
    for key in ("Tab", "ArrowUp", "ArrowUp", "Tab", "Home", "Tab", "Tab"):  # layer 1, head 1, past the button
        page.keyboard.press(key)
    for column in range(3):
        assert abs(shown_weight(view) - weights[0, 0, 0, 1 + column]) <= 0.0001
        page.keyboard.press("ArrowRight")
    for key in ("ArrowDown", "Enter"):
        page.keyboard.press(key)
    assert "From row 2, column 3 to row 2, column 3" in view.locator("output").inner_text()
    assert abs(shown_weight(view) - weights[0, 0, 6, 6]) <= 0.0001
    view.get_by_role("combobox", name="Layer").select_option("rollout")
    page.wait_for_function("document.querySelectorAll('.cview select')[1].disabled")
    view.get_by_role("button").click()
    assert abs(shown_weight(view) - show.rollout(weights)[0, 6]) <= 0.0001


@pytest.mark.parametrize(
    "view",
    [
        lambda: show.entities("Ada met Bo.", [{"label": "PER", "start": 0, "end": 3, "score": 0.9}]),
        lambda: show.candidates("a", ["b", "c"], [[("b", 0.9), ("d", 0.1)], [("e", 0.6), ("c", 0.3)]]),
        lambda: show.beams("a", [(["b", "c"], -1.0), (["b", "d"], -2.0)]),
        lambda: show.sampling([2.0, 1.0, 0.0], ["a", "b", "c"], top_k=2),
        lambda: show.curves([{"step": 1, "loss": 2.0}, {"step": 2, "loss": 1.0, "eval_accuracy": 0.5}]),
        lambda: show.heatmap(WEIGHTS[0, 0], TOKENS),
    ],
    ids=["entities", "candidates", "beams", "sampling", "curves", "heatmap"],
)
def test_views_without_script_give_axe_nothing_to_find(page, axe, scheme, tmp_path, view):
    opened(page, view(), tmp_path)
    for summary in page.locator("summary").all():
        summary.press("Enter")
    axe(page)


def test_views_in_jupyterlab(page, lab, axe):
    """Run in a kernel of the course: arrow keys belong to the view, and dollar signs are no formula."""
    weights = """import numpy as np
weights = np.full((2, 3, 4, 4), 0.25)
show.attention(weights, ["[CLS]", "a$", "b$", "[SEP]"])"""
    source = f"from course_utils import show\nshow.quiz('''{QUIZ}''')"
    lab.open(page, lab.add(notebook(source, weights), "quiz.ipynb"))
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
    page.wait_for_selector(".cview-attention[data-ready]")
    matrix = page.get_by_role("application").first
    matrix.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("End")
    assert page.locator(".cview-attention output b").inner_text() == "“b$” to “[SEP]”: 0.2500"
    axe(page, ".cview-quiz")
    axe(page, ".cview-attention")


def test_views_in_a_notebook_that_is_not_trusted(page, lab):
    attention = show.attention(WEIGHTS, TOKENS)
    views = (show.quiz(QUIZ), show.tokens("to be", ["to", "be"], [1, 2]), attention)
    lab.open(page, lab.add(notebook(views=views), "untrusted.ipynb", trusted=False))
    page.wait_for_selector(".cview-quiz")
    assert page.locator(".cview script").count() == 0
    assert "They come later" in page.locator(".cview-quiz").text_content()
    assert page.locator(".cview-tokens li").count() == 2
    picture = page.locator(".cview-attention img")
    assert picture.get_attribute("alt") == attention.alt
    assert picture.evaluate("image => image.complete && image.naturalWidth") > 100


def test_views_in_exported_html(page, axe, tmp_path):
    """nbconvert, with the addresses of its scripts left empty: nothing is asked of the network."""
    from nbconvert import HTMLExporter

    views = (show.quiz(QUIZ), show.attention(WEIGHTS, TOKENS), show.curves([{"step": 1, "loss": 2.0}]))
    exporter = HTMLExporter(require_js_url="", mathjax_url="", mermaid_js_url="", mermaid_layout_elk_js_url="")
    html, _ = exporter.from_notebook_node(notebook(views=views))
    (tmp_path / "export.html").write_text(html, encoding="utf-8")
    page.goto((tmp_path / "export.html").as_uri())
    page.wait_for_selector(".cview-attention[data-ready]")
    page.wait_for_selector(".cview-quiz[data-ready]")
    for kind in ("quiz", "attention", "curves"):
        axe(page, f".cview-{kind}")


GALLERY = Path(__file__).parents[2] / "notebooks/gallery.ipynb"


def look_at_every_view(page, axe):
    """Every view of the page is alive, and axe finds nothing in any of them."""
    page.wait_for_function(
        """() => { const views = [...document.querySelectorAll('.cview:has(script)')];
            return views.length >= 5 && views.every(view => view.hasAttribute('data-ready')); }"""
    )
    kinds = page.eval_on_selector_all(".cview", "views => views.map(view => view.classList[1])")
    assert set(kinds) == {
        f"cview-{kind}"
        for kind in ("attention", "curves", "entities", "figure", "generation", "patches", "quiz", "tokens")
    }
    for kind in set(kinds):
        axe(page, f".{kind}")


def test_the_gallery_in_jupyterlab(page, lab, axe):
    lab.open(page, lab.add(GALLERY, "gallery.ipynb"))
    look_at_every_view(page, axe)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_gallery_in_exported_html(page, axe, tmp_path, theme):
    from nbconvert import HTMLExporter

    addresses = {"require_js_url": "", "mathjax_url": "", "mermaid_js_url": "", "mermaid_layout_elk_js_url": ""}
    html, _ = HTMLExporter(theme=theme, **addresses).from_filename(str(GALLERY))
    (tmp_path / "gallery.html").write_text(html, encoding="utf-8")
    page.goto((tmp_path / "gallery.html").as_uri())
    look_at_every_view(page, axe)


def test_an_explorer_answers_in_jupyterlab(page, lab):
    source = """from course_utils import show
show.text_explorer(lambda text: show.tokens(text, text.split()), "to be")"""
    sliders = "show.sampling_explorer([3.0, 2.0, 1.0], ['a', 'b', 'c'])"
    lab.open(page, lab.add(notebook(source, sliders), "explorer.ipynb"))
    lab.run_all(page)
    page.wait_for_selector(".cview-tokens li")
    field = page.locator(".course-explorer input")
    field.focus()
    page.keyboard.press("End")
    page.keyboard.type(" or not")
    page.wait_for_function("document.querySelectorAll('.cview-tokens li').length === 4", timeout=20_000)
    page.get_by_role("slider").last.press("ArrowLeft")
    page.get_by_text("top-p 0.95").first.wait_for(timeout=20_000)
