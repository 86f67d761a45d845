"""The n-gram baseline: its probabilities sum to one after any context, and it learns what repeats."""

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kneser_ney import KneserNey

TEXTS = st.lists(st.lists(st.integers(0, 4), min_size=1, max_size=12), min_size=1, max_size=6)


@settings(deadline=None, max_examples=60)
@given(TEXTS, st.lists(st.integers(0, 4), max_size=6), st.integers(1, 5))
def test_what_may_come_next_sums_to_one(texts, before, order):
    model = KneserNey(texts, vocabulary=5, order=order)
    total = sum(model.probabilities([*before, token])[-1] for token in range(5))
    assert total == pytest.approx(1.0)


def test_two_grams_by_hand():
    """a b a b a c, order 2: the discounts and shares worked out on paper from Chen and Goodman's formulas."""
    model = KneserNey([[0, 1, 0, 1, 0, 2]], vocabulary=3, order=2)
    # Pairs: (start a) 1, (a b) 2, (b a) 2, (a c) 1: two occur once, two twice, none more often (counted as one).
    share = 2 / (2 + 2 * 2)
    one, two = 1 - 2 * share * 2 / 2, 2 - 3 * share * 1 / 2
    # Lower order: a follows two different tokens (start, b), b one, c one: two once, one twice.
    low_share = 2 / (2 + 2 * 1)
    low_one, low_two = 1 - 2 * low_share * 1 / 2, 2 - 3 * low_share * 1 / 1
    left = (2 * low_one + low_two) / 4
    b = (1 - low_one) / 4 + left / 3
    after_a = (2 - two) / 3 + (one + two) / 3 * b
    assert model.probabilities([0, 1])[-1] == pytest.approx(after_a)


def test_what_repeats_is_cheap():
    text = [1, 2, 3, 4] * 20
    model = KneserNey([text], vocabulary=5)
    assert model.bits(text) < 0.2 * len(text) * numpy.log2(5)
    assert model.bits([4, 3, 2, 1] * 5) > model.bits([1, 2, 3, 4] * 5)
