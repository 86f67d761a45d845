"""Hints of hidden tests: what learners can read anyway may be said, what the test sends may not."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_utils.grading.discretion import INSTEAD, Discretion

EXERCISE = "Return a list of dicts with the keys label and score, in the order of the texts. Lower-case the text first."
texts = st.text(min_size=4, max_size=60)
words = st.lists(st.sampled_from(re.findall(r"\w+", EXERCISE)), min_size=1, max_size=6).map(" ".join)
data = st.recursive(texts | words, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=8)


def judge(hint, *sent, public=EXERCISE):
    discretion = Discretion(public)
    discretion.tell(list(sent))
    return discretion.fit(hint)


@pytest.mark.parametrize(
    "hint",
    [
        "Each dict needs the key 'label'.",
        "Lower-case the text first, then count.",
        "Keep the order of the texts.",
        "count_words raised ValueError.",
        "The scores of one text add up to 1.",
    ],
)
def test_public_wording_survives(hint):
    sent = [{"label": "great film", "score": "label"}, "in the order of the rings", "scores", "first", "text"]
    assert judge(hint, *sent, public=EXERCISE + " scores") == hint


@pytest.mark.parametrize(
    "hint",
    [
        "Expected POSITIVE for 'A fine film'.",
        'Your result for "a FINE film" is wrong.',
        "Look at ['a fine film', 'dull']",
        "The key 'terrible' is missing.",
        "What about\\nterrible?",
        "It begins with the day that never…",
    ],
)
def test_hidden_data_does_not(hint):
    assert judge(hint, ["A fine film", {"terrible": 1}], "The day that never comes") == INSTEAD


def test_texts_without_words_are_recognised_too():
    assert judge("Wrong for ??!!??.", "??!!??") == INSTEAD


@given(texts, st.text(max_size=20), st.text(max_size=20), st.sampled_from([str, repr, str.upper]), data)
def test_a_text_that_was_sent_never_comes_back(text, before, after, shown, others):
    public = EXERCISE.casefold()
    if (re.findall(r"\w+", text) or [""])[0].casefold() in public:
        return
    hint = f"{before} {shown(text)} {after}"
    assert text not in judge(hint, others, {"key": [text]})


@given(st.integers(0, len(EXERCISE)), st.integers(0, len(EXERCISE)), data)
def test_words_of_the_exercise_always_survive(start, end, sent):
    hint = " ".join(EXERCISE.split()[start % 12 : end % 22])
    assert judge(hint, sent) == hint
