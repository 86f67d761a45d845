"""What all views share, and the ones made of text: quiz and tokens."""

import re
import subprocess
import sys
from html import unescape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils import show
from course_utils.show.view import mark_up

QUIZ = """
[[questions]]
ask = "What stands under `input_ids`?"
choices = [
    {text = "Positions in the vocabulary", right = true, why = "Each token is looked up in a fixed list."},
    {text = "Vectors </script><b>", why = "They come later, from the embedding layer."},
]
[[questions]]
ask = "Which of these does padding change?"
choices = [
    {text = "The shape", right = true, why = "All rows become as long as the longest."},
    {text = "The attention mask", right = true, why = "Padding gets a 0."},
    {text = "The vocabulary", why = "It was fixed when the tokenizer was trained."},
]
"""


def size(view: show.View) -> int:
    return len(view._repr_html_().encode())


def test_importing_show_is_light():
    code = (
        "import sys; from course_utils import show; show.quiz, show.tokens, show.figure\n"
        "print([name for name in ('torch', 'matplotlib', 'seaborn', 'pandas', 'PIL', 'numpy') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


def test_an_unknown_view_is_named_with_those_that_exist():
    with pytest.raises(AttributeError, match="no 'piechart'.*tokens"):
        show.piechart  # noqa: B018


def test_every_public_name_resolves_and_is_documented():
    for name in show.__all__:
        assert getattr(show, name).__doc__


def test_a_view_shows_saves_and_draws_itself(tmp_path):
    view = show.quiz(QUIZ)
    page = view.save(tmp_path / "quiz.html").read_text(encoding="utf-8")
    assert view._repr_html_() in page and page.startswith("<!doctype html>")
    assert view.png(tmp_path / "quiz.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert repr(view) == view.alt


def test_the_same_content_gives_the_same_bytes_and_other_content_another_name():
    first, again, other = show.quiz(QUIZ), show.quiz(QUIZ), show.quiz(QUIZ.replace("Vectors", "Embeddings"))
    name = re.compile(r'data-view="(\w+)"')
    assert first._repr_html_() == again._repr_html_()
    assert name.search(first._repr_html_())[1] != name.search(other._repr_html_())[1]


@pytest.mark.parametrize(
    "text, expected",
    [
        ("a `b` c", "a <code>b</code> c"),
        ("a ` b", "a ` b"),
        ("<b>", "&lt;b&gt;"),
        ("`x` and ` y", "<code>x</code> and ` y"),
    ],
)
def test_backticks_become_code(text, expected):
    assert mark_up(text) == expected


def test_figure_puts_the_alternative_text_where_it_is_read():
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    fig, ax = plt.subplots(figsize=(4, 2))
    ax.bar(["a", "b"], [1, 2])
    view = show.figure(fig, 'Bar "b" is twice as high as bar "a".')
    assert 'alt="Bar &quot;b&quot; is twice as high as bar &quot;a&quot;."' in view._repr_html_()
    assert not plt.fignum_exists(fig.number)  # so that the notebook does not show the same figure again
    assert show.figure(fig, view.alt)._repr_html_() == view._repr_html_()
    with pytest.raises(ValueError, match="one sentence"):
        show.figure(fig, " ")
    with pytest.raises(TypeError, match="matplotlib figure, not str"):
        show.figure("fig", "A figure.")


def test_a_quiz_is_small_complete_without_script_and_escapes_html():
    view = show.quiz(QUIZ)
    static = re.sub(r"<script>.*?</script>|<style>.*?</style>", "", view._repr_html_(), flags=re.S)
    assert size(view) <= 10_000
    assert view._repr_html_().count("</script>") == 1 and "Vectors &lt;/script&gt;&lt;b&gt;" in static
    assert static.count('type="radio"') == 2 and static.count('type="checkbox"') == 3
    for why in ("looked up in a fixed list", "from the embedding layer", "Padding gets a 0", "was fixed when"):
        assert why in static[static.index("<details>") :]
    assert static.count('<li class="right">') == 3 and static.count('<li class="wrong">') == 2


def test_a_quiz_from_python_and_from_a_file_is_the_same_quiz(tmp_path):
    import tomllib

    (tmp_path / "quiz.toml").write_text(QUIZ, encoding="utf-8")
    assert show.quiz(tomllib.loads(QUIZ)["questions"])._repr_html_() == show.quiz(QUIZ)._repr_html_()
    assert show.quiz(tmp_path / "quiz.toml")._repr_html_() == show.quiz(QUIZ)._repr_html_()


@pytest.mark.parametrize(
    "source, words",
    [
        ("[[questions]\n", "not valid TOML"),
        ("", "at least one question"),
        ('[[questions]]\nchoices = [{text="a", why="b"}]', "Question 1 .* has no text"),
        ('[[questions]]\nask = "?"\nchoices = [{text="a", why="b", right=true}]', "at least two choices"),
        ('[[questions]]\nask = "?"\nchoices = [{text="a", why="b"}, {text="c", right=true}]', "choice 2, has no why"),
        ('[[questions]]\nask = "?"\nchoices = [{text="a", why="b"}, {text="c", why="d"}]', "no right choice"),
    ],
)
def test_a_faulty_quiz_is_told_what_is_wrong(source, words):
    with pytest.raises(ValueError, match=words):
        show.quiz(source)


TEXT = "Pay 🇫🇷!"
PIECES = {
    "tokens": ["<s>", "Pay", "Ġ", "ðŁ", "ĩ", "«", "ðŁĩ", "·", "!"],
    "ids": [0, 7, 8, 9, 10, 11, 12, 13, 14],
    "offsets": [(0, 0), (0, 3), (3, 4), (4, 5), (4, 5), (4, 5), (5, 6), (5, 6), (6, 7)],
    "special": [1, 0, 0, 0, 0, 0, 0, 0, 0],
}


def test_every_token_is_drawn_also_where_several_share_a_character():
    view = show.tokens(TEXT, **PIECES)
    html = view._repr_html_()
    drawn = re.findall(r'<li class="(.)"><code>(.*?)</code>', html)
    assert [unescape(text) for _, text in drawn] == PIECES["tokens"]
    assert "part 2 of 3 of 🇫" in html and "part 2 of 2 of 🇷" in html
    assert all(f"<b>{one}</b>" in html for one in PIECES["ids"])
    assert drawn[0][0] == "s" and size(view) <= 10_000


def test_word_numbers_tell_what_continues_a_word():
    view = show.tokens("naïve!", ["na", "##ive", "!"], words=[0, 0, 1])
    assert re.findall(r'<li class="(.)"', view._repr_html_()) == ["w", "c", "w"]
    assert "1 that continues a word" in view.alt


def test_marks_of_the_vocabulary_tell_it_too():
    def kinds(tokens, **more):
        return re.findall(r'<li class="(.)"', show.tokens("x", tokens, **more)._repr_html_())

    assert kinds(["[CLS]", "token", "##ization", "[UNK]", "[SEP]"]) == ["s", "w", "c", "u", "s"]
    assert kinds(["▁to", "ken", "▁is"], offsets=[(0, 2), (2, 5), (5, 8)]) == ["w", "c", "w"]


def test_several_tokenizers_stand_one_under_another_and_are_named(tmp_path):
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = Tokenizer(models.WordLevel({"to": 0, "be": 1, "[UNK]": 2}, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    view = show.tokens("to be bee", {"words": words.encode("to be bee"), "letters": list("to be bee")})
    assert "words: 3 tokens, 1 unknown." in view.alt and "letters: 9 tokens" in view.alt
    assert view._repr_html_().count("<ol>") == 2 and "␣" in view._repr_html_()
    assert view.png(tmp_path / "tokens.png").stat().st_size > 5_000


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"tokens": "abc"}, "list of strings"),
        ({"tokens": [1, 2]}, "list of strings"),
        ({"tokens": ["a"], "ids": [1, 2]}, "1 tokens but 2 ids"),
        ({"tokens": {}}, "no tokenizer"),
    ],
)
def test_tokens_that_do_not_fit_together_are_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        show.tokens("abc", **arguments)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=6), min_size=1, max_size=12))
def test_any_text_is_drawn_and_escaped(pieces):
    html = show.tokens("".join(pieces), pieces)._repr_html_()
    assert html.count("<li class=") == len(pieces)
    assert len(re.findall(r"<(?!/?(?:div|style|p|ol|li|code|b|span|em|i)\b)", html)) == 0
