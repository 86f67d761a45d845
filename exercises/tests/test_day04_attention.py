"""Public checks of Day 4: `check("…")` runs them; each assertion message is the hint."""

from functools import reduce

import numpy as np
import pytest


def ask(function, *arguments, hint):
    """Call the learner's function; if it raises, the hint says what to think of."""
    try:
        return function(*arguments)
    except AssertionError as error:
        assert " raised " not in str(error), f"{hint} ({error})"
        raise


def whole(value):
    """True for a whole number that is no truth value."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def is_float(value):
    """True for one float."""
    return isinstance(value, (float, np.floating)) or (isinstance(value, np.ndarray) and value.shape == ())


def array_of(found):
    """Lists, arrays and tensors as an array of floats; None where that is impossible."""
    try:
        return np.asarray(found.tolist() if hasattr(found, "tolist") else found, dtype=float)
    except (TypeError, ValueError):
        return None


def softmax(scores, axis=-1):
    """Shares along an axis; zeros where all scores are minus infinity."""
    highest = scores.max(axis=axis, keepdims=True)
    powers = np.exp(scores - np.where(np.isfinite(highest), highest, 0))
    sums = powers.sum(axis=axis, keepdims=True)
    return powers / np.where(sums > 0, sums, 1)


# ---- attend ----------------------------------------------------------------------------------------------------------


def check_attend(found, query, key, value, mask):
    """Compare weights and output with the formula, and name the usual mistakes."""
    assert isinstance(found, dict) and {"weights", "output"} <= set(found), (
        "Return a dictionary with weights and output."
    )
    weights, output = array_of(found["weights"]), array_of(found["output"])
    assert weights is not None and output is not None, "weights and output are arrays of numbers."
    assert weights.shape == (len(query), len(key)), "The weights have a row for each query and a column for each key."
    assert output.shape == (len(query), value.shape[1]), "The output has a row for each query, as wide as a value."
    seen = np.ones(weights.shape, dtype=bool) if mask is None else mask
    looks = seen.any(axis=1)
    assert np.isfinite(weights[looks]).all(), (
        "The weights hold what is no number: e to the power of a large score is too large. Subtract the row's largest "
        "score first."
    )
    assert not weights[~looks].any() and np.isfinite(weights[~looks]).all(), (
        "A query that may look nowhere gets zeros as its weights."
    )
    scores = query @ key.T / query.shape[1] ** 0.5
    held = np.where(seen, scores, -np.inf)
    right = softmax(held)

    def same(other):
        return np.allclose(weights[looks], other[looks], atol=1e-5)

    assert same(right) or not same(softmax(np.where(seen, -np.inf, scores))), (
        "This mask is the wrong way round: True means that a query may look there."
    )
    assert same(right) or not same(softmax(np.where(seen, scores, 0))), (
        "A score of 0 still gets a weight, for e to the power of 0 is 1: masked scores become minus infinity."
    )
    assert same(right) or not same(softmax(scores) * seen), (
        "Mask the scores before the softmax, not the weights after it: what is left must sum to 1."
    )
    assert same(right) or not same(softmax(scores)), "The mask is not used: where it is False, nobody may look."
    assert same(right) or not same(softmax(held, axis=0)), (
        "The softmax runs along the keys: each row, not each column, sums to 1."
    )
    unscaled = held * query.shape[1] ** 0.5
    assert same(right) or not same(softmax(unscaled)), (
        "The scores are not scaled: divide them by the root of the size of a key."
    )
    assert same(right) or not any(
        same(softmax(unscaled / by)) for by in (query.shape[1], len(key) ** 0.5, value.shape[1] ** 0.5)
    ), "Scaled by something else: divide by the square root of `size`, the length of one query or key."
    assert not weights[~seen].any(), "A place where a query may not look gets a weight of exactly 0."
    assert np.allclose(weights[looks].sum(axis=1), 1, atol=1e-5), "The weights of a query that may look sum to 1."
    assert same(right), "These are not the weights: softmax of query times key, scaled, along the keys."
    assert np.isfinite(output).all() and not output[~looks].any(), (
        "A query that may look nowhere gets zeros as its output."
    )
    assert np.allclose(output, right @ value, atol=1e-4 * max(1, np.abs(value).max())), (
        "The output is each query's weights times the values."
    )


# ---- may_look --------------------------------------------------------------------------------------------------------


def check_may_look(found, kind, queries, keys):
    """Compare the table with the three rules, and name the usual mistakes."""
    assert isinstance(found, (list, tuple, np.ndarray)) and len(found) == len(queries), (
        "Return a row for each place that looks."
    )
    assert all(isinstance(row, (list, tuple, np.ndarray)) and len(row) == len(keys) for row in found), (
        "Each row has an entry for each place that is looked at: mind which of the two texts is which."
    )
    assert all(isinstance(one, (bool, np.bool_)) for row in found for one in row), "Each entry is True or False."
    table = np.array([[bool(one) for one in row] for row in found]).reshape(len(queries), len(keys))
    real = np.array(keys, dtype=bool)
    order = np.arange(len(keys))[None] - np.arange(len(queries))[:, None]  # where the key stands, seen from the query
    assert not (table & ~real).any(), "Somebody looks at padding: a place whose key is 0 is True for nobody."
    if kind == "causal":
        assert not table[order > 0].any(), "Somebody looks ahead: in a causal mask, a place sees nothing behind it."
        assert (table | ~real)[order == 0].all(), "A place may look at itself too."
    assert (table | ~real)[order < 0].all(), "A place may look back at all real tokens before it, whatever the kind."
    assert kind != "cross" or (table | ~real).all(), (
        "In cross-attention every place may look at the whole other text, causal or not."
    )
    assert kind != "bidirectional" or (table | ~real).all(), "In an encoder a place may look ahead as well."


# ---- find_head -------------------------------------------------------------------------------------------------------


def neighbours(attentions, distance, outer=0):
    """The weights at a distance, shape (layers, heads, pairs) a text; `outer` of 1 leaves the special tokens in."""
    cut = [weights if outer else weights[:, :, 1:-1, 1:-1] for weights in attentions]
    return [np.diagonal(weights, offset=distance, axis1=2, axis2=3) for weights in cut]


def best_of(shares):
    """Layer, head and share of the highest average."""
    layer, head = np.unravel_index(shares.argmax(), shares.shape)
    return (int(layer), int(head), float(shares[layer, head]))


def check_head(found, attentions, distance):
    """Compare the head that was found with the right one, and name the usual mistakes."""
    names = ["layer", "head", "share"]
    assert isinstance(found, dict) and set(names) <= set(found), "Return a dictionary with layer, head and share."
    assert whole(found["layer"]) and whole(found["head"]), "layer and head are two whole numbers."
    assert is_float(found["share"]), "share is one float."
    mine = (int(found["layer"]), int(found["head"]), float(found["share"]))

    def same(other):
        return mine[:2] == other[:2] and np.isclose(mine[2], other[2], atol=1e-6)

    right = best_of(np.concatenate(neighbours(attentions, distance), axis=2).mean(axis=2))
    turned = best_of(np.concatenate(neighbours(attentions, -distance), axis=2).mean(axis=2))
    special = best_of(np.concatenate(neighbours(attentions, distance, outer=1), axis=2).mean(axis=2))
    by_text = best_of(np.mean([pair.mean(axis=2) for pair in neighbours(attentions, distance) if pair.size], axis=0))
    assert same(right) or not same(turned), (
        "This head looks the other way: rows give attention and columns get it, so the next token is one column on."
    )
    assert same(right) or not same(special), "The special tokens are still in: leave out the first and the last token."
    assert same(right) or not same(by_text), (
        "All pairs count alike: an average of the texts' averages gives short texts too much say."
    )
    assert same(right) or not same((right[0] + 1, right[1] + 1, right[2])), "Layers and heads are counted from 0."
    assert same(right) or mine[:2] != right[:2], (
        "The right head, but not its share: the average weight over all pairs at this distance."
    )
    assert same(right), "Another head looks more at this neighbour: average over all pairs, then take the highest."


# ---- multi_head ------------------------------------------------------------------------------------------------------


def mixed(hidden, weights, heads, turned=False, bias=True, woven=False, scale=None, last=True):
    """Multi-head attention, or what some mistake makes of it."""
    tokens, width = hidden.shape

    def project(rows, name):
        matrix = weights[name] if turned else weights[name].T
        return rows @ matrix + (weights[f"{name}_bias"] if bias else 0)

    def part(rows, head):
        return rows[:, head::heads] if woven else rows[:, head * width // heads : (head + 1) * width // heads]

    queries, keys, values = (project(hidden, name) for name in ("query", "key", "value"))
    results = []
    for head in range(heads):
        scores = part(queries, head) @ part(keys, head).T / (scale or (width // heads) ** 0.5)
        results.append(softmax(scores) @ part(values, head))
    joined = np.concatenate(results, axis=1)
    if woven:
        joined = np.stack(results, axis=2).reshape(tokens, width)
    return project(joined, "output") if last else joined


def check_multi_head(found, hidden, weights, heads):
    """Compare with multi-head attention, and name the usual mistakes."""
    mine = array_of(found)
    assert mine is not None and mine.shape == hidden.shape, "Return an array of shape (tokens, width)."
    assert np.isfinite(mine).all(), (
        "The result holds what is no number: subtract each row's largest score before you take powers."
    )
    right = mixed(hidden, weights, heads)

    def same(other):
        return other.shape == mine.shape and np.allclose(mine, other, rtol=1e-4, atol=1e-4)

    width = hidden.shape[1]
    assert same(right) or not same(mixed(hidden, weights, heads, turned=True)), (
        "The matrices are the wrong way round: as in torch.nn.Linear, a row of the matrix makes one number, so "
        "multiply by its transpose."
    )
    assert same(right) or not same(mixed(hidden, weights, heads, bias=False)), "The biases are missing."
    assert same(right) or not same(mixed(hidden, weights, heads, woven=True)), (
        "The heads are cut in another way: the first gets the first width / heads numbers, side by side."
    )
    assert same(right) or not same(mixed(hidden, weights, heads, scale=width**0.5)), (
        "Scale by the root of the width of one head, not of the whole layer."
    )
    assert same(right) or not same(mixed(hidden, weights, heads, scale=1)), (
        "The scores are not scaled: divide them by the root of the width of one head."
    )
    assert same(right) or not same(mixed(hidden, weights, heads, last=False)), (
        "The last step is missing: the matrix `output` mixes what the heads found."
    )
    assert same(right) or not same(mixed(hidden, weights, 1)), (
        "This is one single head over the whole width: each head attends by itself."
    )
    assert same(right) or not same(right + hidden), "No residual yet: the hidden states are not added here."
    assert same(right), (
        "Not the same: project, cut into heads, attend in each, put the results side by side in the order of the "
        "heads, and mix."
    )


# ---- rollout ---------------------------------------------------------------------------------------------------------


def rolled(attentions, keep, residual=0.5, later_first=True, fuse=np.mean):
    """Rollout, or what some mistake makes of it."""
    steps = [residual * np.identity(len(heads[0])) + (1 - residual) * fuse(heads, axis=0) for heads in attentions]
    product = reduce(np.matmul, reversed(steps) if later_first else steps)
    return product[np.ix_(keep, keep)]


def check_rollout(found, attentions, keep):
    """Compare with rollout by its definition, and name the mistakes that are still there."""
    mine = array_of(found)
    assert mine is not None and mine.shape == (len(keep), len(keep)), (
        "Return an array with a row and a column for each kept token."
    )
    assert np.isfinite(mine).all(), "The result holds what is no number."

    def rows_to_one(flow):
        return flow / flow.sum(axis=1, keepdims=True)

    def same(other):
        return np.allclose(mine, other, atol=1e-6)

    right = rolled(attentions, keep)
    wanted = rows_to_one(right)
    assert same(wanted) or not np.allclose(mine, right / right.sum(axis=1), atol=1e-6), (
        "The rows do not sum to 1: the sums are divided into the columns. Keep their dimension (keepdims)."
    )
    assert same(wanted) or not np.allclose(mine, right, atol=1e-6), (
        "The rows do not sum to 1: divide each by its sum once the special tokens are gone."
    )
    assert np.allclose(mine.sum(axis=1), 1, atol=1e-6), "Each row sums to 1 in the end."
    for order in (True, False):
        assert same(wanted) or not same(rows_to_one(rolled(attentions, keep, residual=0, later_first=order))), (
            "The residual is missing: half of each step is the token itself."
        )
    assert same(wanted) or not same(rows_to_one(rolled(attentions, keep, later_first=False))), (
        "The layers are multiplied in the wrong order: a later layer takes from what the earlier ones made, so it "
        "stands in front."
    )
    assert same(wanted) or not same(rows_to_one(rolled(attentions, keep, fuse=np.max))), (
        "Average the heads of a layer; the largest weight of several heads is not a share."
    )
    cut = attentions[:, :, keep][:, :, :, keep]
    assert same(wanted) or not same(rows_to_one(rolled(cut, list(range(len(keep)))))), (
        "Tokens that are left out still carry something on: leave them out at the end, not at the beginning."
    )
    assert same(wanted) or not same(rows_to_one(rolled(attentions[-1:], keep))), (
        "This is the last layer alone: all layers count."
    )
    assert same(wanted), "Not the same: average the heads, mix in the token itself by half, multiply, layer by layer."


# ---- word_effects ----------------------------------------------------------------------------------------------------


def effects_of(submission, text):
    """The effects as an array, after their form was checked."""
    found = ask(
        submission.word_effects, text, hint="A text has one word at least, and what is too long for the model is cut."
    )
    assert isinstance(found, (list, tuple, np.ndarray)), "Return a list of floats, one for each word."
    assert len(found) == len(text.split()), "Each word of text.split() has one effect, also one that occurs twice."
    assert all(is_float(effect) for effect in found), "Each effect is one float."
    effects = np.array(found, dtype=float)
    assert (np.abs(effects) <= 1).all(), "An effect is a difference of two shares, so never larger than 1."
    return effects


def check_two_ways(submission, text, first, second):
    """Two words taken out one after the other: both orders lead to the same text, so the effects must agree."""
    words = text.split()

    def effect(left_out, word):
        rest = [one for i, one in enumerate(words) if i not in left_out]
        place = [i for i in range(len(words)) if i not in left_out].index(word)
        return effects_of(submission, " ".join(rest))[place]

    one = effect([], first) + effect([first], second)
    other = effect([], second) + effect([second], first)
    assert abs(one - other) < 1e-3, (
        "Two words, taken out in either order, give two results: an effect is the share for the whole text minus the "
        "share for the same text without the word, and padding must not count."
    )


def check_in_company(submission, text):
    """Among others that say the same, no single word decides."""
    assert np.abs(effects_of(submission, text)).max() < 0.25, (
        "Among others that say the same, a word hardly matters: ask for the text without it, not for the word alone."
    )


# ---- the checks ------------------------------------------------------------------------------------------------------


def drawn(seed, *shape):
    """Numbers drawn by lot, always the same for one seed."""
    return np.random.default_rng(seed).normal(size=shape)


def heads_drawn(seed, layers, heads, tokens):
    """Attention weights drawn by lot, rows summing to 1."""
    return softmax(2 * drawn(seed, layers, heads, tokens, tokens))


@pytest.mark.task("attend")
def test_attend_everywhere(submission):
    """without a mask"""
    query, key, value = drawn(1, 3, 4), drawn(2, 5, 4), drawn(3, 5, 2)
    check_attend(submission.attend(query, key, value, None), query, key, value, None)


@pytest.mark.task("attend")
def test_attend_with_a_mask(submission):
    """with a mask, and a query that may look nowhere"""
    query, key, value = drawn(4, 3, 4), drawn(5, 3, 4), drawn(6, 3, 5)
    mask = np.array([[True, False, False], [False, False, False], [True, True, False]])
    found = ask(submission.attend, query, key, value, mask, hint="A query that may look nowhere gets zeros.")
    check_attend(found, query, key, value, mask)


@pytest.mark.task("attend")
def test_attend_large_scores(submission):
    """scores of some thousands"""
    query, key, value = 80 * drawn(7, 3, 4), 80 * drawn(8, 4, 4), drawn(9, 4, 2)
    check_attend(submission.attend(query, key, value, None), query, key, value, None)


@pytest.mark.task("may_look")
def test_look_example(submission):
    """the example of the task comes out"""
    check_may_look(submission.may_look("causal", [1, 1, 0], [1, 1, 0]), "causal", [1, 1, 0], [1, 1, 0])


@pytest.mark.task("may_look")
def test_look_in_an_encoder_and_across(submission):
    """in an encoder, and from a decoder to another text"""
    for kind, queries, keys in [("bidirectional", [1, 1, 1, 0], [1, 1, 1, 0]), ("cross", [1, 1], [1, 1, 1, 0])]:
        check_may_look(submission.may_look(kind, queries, keys), kind, queries, keys)


@pytest.mark.task("find_head")
def test_head_of_one_text(submission):
    """one text, the token before and the one after"""
    attentions = [heads_drawn(11, 2, 3, 9)]
    for distance in (-1, 1):
        check_head(submission.find_head(attentions, distance), attentions, distance)


@pytest.mark.task("find_head")
def test_head_of_several_texts(submission):
    """several texts of different lengths, one too short"""
    attentions = [heads_drawn(20 + tokens, 3, 2, tokens) for tokens in (12, 3, 5)]
    for distance in (0, -2):
        hint = "A text that is too short for this distance has no pair, and changes nothing."
        check_head(ask(submission.find_head, attentions, distance, hint=hint), attentions, distance)


@pytest.mark.task("multi_head")
def test_heads_side_by_side(submission):
    """two and three heads"""
    for heads in (2, 3):
        names = ("query", "key", "value", "output")
        weights = {name: drawn(30 + i, 6, 6) for i, name in enumerate(names)}
        weights |= {f"{name}_bias": drawn(40 + i, 6) for i, name in enumerate(names)}
        check_multi_head(submission.multi_head(drawn(50, 4, 6), weights, heads), drawn(50, 4, 6), weights, heads)


@pytest.mark.task("multi_head")
def test_heads_with_large_scores(submission):
    """scores of some thousands"""
    weights = {name: 10 * np.eye(4)[::-1] for name in ("query", "key", "value", "output")}
    weights |= {f"{name}_bias": np.arange(4.0) for name in ("query", "key", "value", "output")}
    hidden = 5 * drawn(51, 3, 4)
    check_multi_head(submission.multi_head(hidden, weights, 2), hidden, weights, 2)


@pytest.mark.task("rollout")
def test_rollout_of_a_chain(submission):
    """the made-up case, with all tokens kept"""
    chain = np.array([[[[1, 0, 0], [1, 0, 0], [0, 0, 1]]], [[[1, 0, 0], [0, 1, 0], [0, 1, 0]]]], dtype=float)
    check_rollout(submission.rollout(chain, [0, 1, 2]), chain, [0, 1, 2])


@pytest.mark.task("rollout")
def test_rollout_without_special_tokens(submission):
    """several heads and layers, special tokens left out"""
    attentions = heads_drawn(61, 3, 2, 6)
    check_rollout(submission.rollout(attentions, [1, 2, 3, 4]), attentions, [1, 2, 3, 4])


@pytest.mark.task("word_effects")
def test_effects_of_clear_words(submission):
    """praise pulls up, complaint pulls down, and among its like no word decides"""
    effects = effects_of(submission, "The food was wonderful.")
    assert effects[3] > 0.1, "Praise must pull towards POSITIVE: whole text minus text without the word, and id2label."
    assert effects[3] == max(effects), "Each effect belongs to its own word, in their order."
    effects = effects_of(submission, "The food was terrible.")
    assert effects[3] < -0.1, "Complaint must pull away from POSITIVE: keep the sign of the difference."
    check_in_company(submission, "A wonderful dinner, delicious and lovely. We loved it!")


@pytest.mark.task("word_effects")
def test_effects_two_ways(submission):
    """two words, taken out in either order, one of them there twice"""
    check_two_ways(submission, "The terrible food and the terrible music, but we loved it", 1, 9)
