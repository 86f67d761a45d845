"""Entities: the text is kept letter by letter, whatever spans lie over it."""

import re
from html import unescape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils import show

TEXT = "Ada Lovelace met Charles Babbage in London."
FOUND = [
    {"entity_group": "PER", "score": 0.998, "word": "Ada Lovelace", "start": 0, "end": 12},
    {"entity_group": "PER", "score": 0.9, "word": "Charles Babbage", "start": 17, "end": 32},
    {"entity_group": "LOC", "score": 0.75, "word": "London", "start": 36, "end": 42},
]


def text_of(view: show.View) -> str:
    """The marked text without its labels."""
    marked = re.search(r'<p class="text">(.*?)</p>', view._repr_html_(), flags=re.S)[1]
    return unescape(re.sub(r"<b>.*?</b>|<[^>]*>", "", marked.replace("<br>", "\n")))


def test_entities_are_marked_listed_and_said():
    view = show.entities(TEXT, FOUND)
    assert text_of(view) == TEXT
    assert view.alt == "A text with 3 entities: “Ada Lovelace” (PER), “Charles Babbage” (PER), “London” (LOC)."
    for part in ("0.998", "0.900", "36–42", "<b>LOC</b>"):
        assert part in view._repr_html_()


def test_the_tokens_of_an_entity_are_told_on_demand():
    pieces = [
        {"entity": "B-LOC", "score": 0.8, "word": "lon", "start": 36, "end": 39},
        {"entity": "I-LOC", "score": 0.7, "word": "##don", "start": 39, "end": 42},
    ]
    html = show.entities(TEXT, FOUND, pieces)._repr_html_()
    row = re.search(r'<tr><th scope="row">London</th>.*?</tr>', html)[0]
    assert "<code>lon</code> B-LOC 0.800, <code>##don</code> I-LOC 0.700" in row
    assert "##don" not in re.search(r'<tr><th scope="row">Ada Lovelace</th>.*?</tr>', html)[0]


def test_overlapping_nested_and_adjacent_spans_keep_their_own_label():
    spans = [
        {"label": "ORG", "start": 0, "end": 24},  # University of New Mexico
        {"label": "LOC", "start": 14, "end": 24},
        {"label": "X", "start": 18, "end": 30},
        {"label": "Y", "start": 30, "end": 33},
    ]
    text = "University of New Mexico Press and more"
    html = show.entities(text, spans)._repr_html_()
    assert text_of(show.entities(text, spans)) == text
    assert [html.count(f"<b>{label}</b>") for label in ("ORG", "LOC", "X", "Y")] == [1, 1, 1, 1]


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_any_text_with_any_spans_comes_out_whole(data):
    text = data.draw(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), min_size=1, max_size=30)
    )
    ends = st.tuples(st.integers(0, len(text)), st.integers(0, len(text))).filter(lambda pair: pair[0] < pair[1])
    pairs = data.draw(st.lists(ends, max_size=6))
    spans = [{"label": "<L>", "start": start, "end": end, "score": 0.5} for start, end in pairs]
    view = show.entities(text, spans)
    assert text_of(view) == text
    assert view._repr_html_().count("<b>&lt;L&gt;</b>") == len(spans)


def test_no_entities_is_said_and_html_is_escaped():
    view = show.entities("a <script>alert(1)</script> b", [])
    assert "No entities." in view._repr_html_() and "<script>" not in view._repr_html_()
    assert view.alt == "A text with no entities."


@pytest.mark.parametrize(
    "entity, words",
    [
        ({"label": "A", "start": 0, "end": 99}, "stands at 0–99, but the text has 43 characters"),
        ({"label": "A", "start": 3, "end": 3}, "stands at 3–3"),
        ({"label": "A"}, "no start and end"),
        ({"start": 0, "end": 1}, "no label"),
    ],
)
def test_spans_that_are_not_in_the_text_are_refused(entity, words):
    with pytest.raises(ValueError, match=words):
        show.entities(TEXT, [entity])


def test_the_picture_is_drawn(tmp_path):
    assert show.entities(TEXT, FOUND).png(tmp_path / "e.png").stat().st_size > 4_000
