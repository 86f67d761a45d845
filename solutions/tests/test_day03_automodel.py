"""Hidden tests of Day 3: other data than the public ones, and all the points. No message gives data or results away."""

import random

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


# ---- pad_batch -------------------------------------------------------------------------------------------------------


def check_pad(found, rows, pad_id, side):
    """Compare ids and mask with the rectangle that the rows make, and name the usual mistakes."""
    names = ["input_ids", "attention_mask"]
    assert isinstance(found, dict) and set(names) <= set(found), (
        "Return a dictionary with input_ids and attention_mask."
    )
    tables = [found[name].tolist() if hasattr(found[name], "tolist") else found[name] for name in names]
    assert all(isinstance(table, (list, tuple)) for table in tables), "A table is a list of rows."
    if not rows:
        assert all(len(table) == 0 for table in tables), "Without any row, both lists are empty."
        return
    assert all(isinstance(row, (list, tuple)) for table in tables for row in table), "A table is a list of rows."
    ids, mask = [[list(row) for row in table] for table in tables]
    assert len(ids) == len(mask) == len(rows), "Each of the rows needs its row in both tables, in their order."
    width = max(map(len, rows))
    assert len({len(row) for row in ids + mask}) == 1, "All rows of a batch are equally long, in both tables."
    assert len(ids[0]) == width, "Every row becomes as long as the longest of the batch, no longer."
    gaps = [[None] * (width - len(row)) for row in rows]
    placed = [gap + row if side == "left" else row + gap for gap, row in zip(gaps, rows)]
    other = [row + gap if side == "left" else gap + row for gap, row in zip(gaps, rows)]
    tokens = [[number if number is not None else pad_id for number in row] for row in placed]
    ones = [[int(number is not None) for number in row] for row in placed]
    assert ids == tokens or ids != [[pad_id if n is None else n for n in row] for row in other], (
        "The padding of the ids is on the wrong side: go by side."
    )
    assert ids == tokens or ids != [[0 if n is None else n for n in row] for row in placed], (
        "Fill the ids up with pad_id: not every tokenizer takes 0."
    )
    assert ids == tokens, "The ids of a row keep their order, and the rest of the row is pad_id."
    assert mask == ones or mask != [[int(n is not None) for n in row] for row in other], (
        "The mask has its zeros on the wrong side: they belong where the padding is."
    )
    assert mask == ones or mask != [[int(n != pad_id) for n in row] for row in tokens], (
        "Go by the place, not by the id: a token may have the number pad_id and is no padding."
    )
    assert mask == ones or mask != [[1 - n for n in row] for row in ones], "1 stands for a token, 0 for padding."
    assert mask == ones, "The mask holds 1 for a token and 0 for padding, and nothing else."


# ---- model_size ------------------------------------------------------------------------------------------------------

SIZES = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2}


def parts_of(family, vocabulary, hidden, layers, inner, places):
    """Parameters of a model that fills gaps: the table of words, other embeddings, the layers, the head."""
    types = {"bert": 2, "roberta": 2, "distilbert": 0}[family]
    square = hidden * hidden + hidden
    layer = 4 * square + 2 * hidden + (hidden * inner + inner) + (inner * hidden + hidden) + 2 * hidden
    table, others = vocabulary * hidden, (places + types) * hidden + 2 * hidden
    return table, others, layers * layer, square + 2 * hidden + vocabulary


def settings_of(family, vocabulary, hidden, layers, inner, places):
    """The same measures under the names that the family's configuration has for them."""
    names = ["vocab_size", "hidden_size", "num_hidden_layers", "intermediate_size", "max_position_embeddings"]
    heads = "num_attention_heads"
    if family == "distilbert":
        names, heads = ["vocab_size", "dim", "n_layers", "hidden_dim", "max_position_embeddings"], "n_heads"
    return dict(zip(names, [vocabulary, hidden, layers, inner, places])) | {heads: 2}


def check_size(found, family, measures, dtype):
    """Compare the three measures with what the plan adds up to, and name the usual mistakes."""
    names = ["parameters", "bytes", "table"]
    assert isinstance(found, dict) and set(names) <= set(found), "Return a dictionary with parameters, bytes and table."
    assert whole(found["parameters"]), "parameters is a whole number."
    table, others, layers, head = parts_of(family, *measures)
    total, size = table + others + layers + head, SIZES[dtype]
    vocabulary, hidden = measures[:2]
    count, memory, share = int(found["parameters"]), found["bytes"], found["table"]
    assert count not in (total + table, total + table + vocabulary, total + vocabulary), (
        "The table of words is used a second time in the head, but it is there once: count shared parameters once."
    )
    pooler = hidden * hidden + hidden
    assert count not in (table + others + layers, table + others + layers + pooler), (
        "This is the body alone: the head of AutoModelForMaskedLM has parameters too."
    )
    assert count != 0, "No parameter was counted: those of an untrained model count as well."
    assert count == total, "This is not the number of parameters: build the model with all the settings, then count."
    assert isinstance(memory, (int, float, np.number)), "bytes is one number."
    assert memory == size * total or memory != 8 * size * total, "Bytes, not bits: a byte has eight of them."
    assert memory == size * total or memory not in (4 * total, 2 * total), (
        "How many bytes a number takes depends on its dtype."
    )
    assert memory == size * total, "bytes are the parameters times the bytes of one number of this dtype."
    assert isinstance(share, (float, np.floating)), "table is a share, a float."
    assert np.isclose(share, table / total) or not np.isclose(share, 100 * table / total), (
        "A share is a number from 0 to 1, not a percentage."
    )
    assert np.isclose(share, table / total) or share <= table / total or share > 1, (
        "The table of words alone: the embeddings of places and types do not belong to it."
    )
    assert np.isclose(share, table / total), "table is the table of words divided by all parameters, the head's too."


# ---- load_report -----------------------------------------------------------------------------------------------------


def partners(model, checkpoint, prefix):
    """The pairs of names (model's, checkpoint's) that belong together."""
    pairs = []
    for ours in model:
        for theirs in checkpoint:
            if ours in (theirs, f"{prefix}.{theirs}") or theirs == f"{prefix}.{ours}":
                pairs.append((ours, theirs))
    return pairs


def check_report(found, model, checkpoint, prefix):
    """Compare the three lists, and name the usual mistakes."""
    keys = ["missing", "unexpected", "mismatched"]
    assert isinstance(found, dict) and set(keys) <= set(found), (
        "Return a dictionary with missing, unexpected and mismatched."
    )
    assert all(isinstance(found[key], (list, tuple)) for key in keys), "Each of the three is a list of names."
    pairs = partners(model, checkpoint, prefix)
    ours, theirs = {pair[0] for pair in pairs}, {pair[1] for pair in pairs}
    odd = {pair[0] for pair in pairs if model[pair[0]] != checkpoint[pair[1]]}
    odd_theirs = {pair[1] for pair in pairs if pair[0] in odd}
    gone, spare = set(model) - ours, set(checkpoint) - theirs
    new, unused, changed = (set(found[key]) for key in keys)
    full = [set(model), set(checkpoint), set(model)]
    assert all(named <= known for named, known in zip((new, unused, changed), full)), (
        "Give each name in full, as its own dictionary has it: the model's, for unexpected the checkpoint's."
    )
    assert not new & odd and not unused & odd_theirs, (
        "A weight whose partner has another shape is mismatched, and neither missing nor unexpected."
    )
    assert not new & ours and not unused & theirs, (
        "A partner was not found: the prefix and its dot may stand in front in one of the two, in both, or in none."
    )
    assert gone <= new and spare <= unused, (
        "Two names were taken for one: the prefix counts only in front of a name, and only with its dot."
    )
    assert odd <= changed, "A partner alone is not enough: compare the shapes."
    assert changed <= odd, "These are mismatched only where the shapes differ."
    assert [list(found[key]) for key in keys] == [sorted(gone), sorted(spare), sorted(odd)], (
        "Each list is sorted, and holds each name once."
    )


# ---- score_texts -----------------------------------------------------------------------------------------------------


def rows_of(found, texts):
    """The shares of POSITIVE, after the form of the rows was checked."""
    assert isinstance(found, list), "Return a list with a dictionary for each text."
    assert len(found) == len(texts), "Each text gets one dictionary."
    assert all(isinstance(row, dict) for row in found), (
        "Every position of the plan must be carried out, into a dictionary."
    )
    assert all(set(row) == {"NEGATIVE", "POSITIVE"} for row in found), (
        "The keys are the names of all labels, from the model's id2label."
    )
    assert all(isinstance(share, (float, np.floating)) for row in found for share in row.values()), (
        "A share is a plain float: take it out of the tensor."
    )
    assert all(np.isclose(sum(row.values()), 1, atol=1e-4) for row in found), (
        "The shares of one text add up to 1: softmax over its labels, along the last dimension."
    )
    return [row["POSITIVE"] for row in found]


def check_scores(found, texts, truth):
    """Compare with which texts are praise; `truth` holds True, False, or None where nothing is said."""
    shares = rows_of(found, texts)
    sure = [(share, is_praise) for share, is_praise in zip(shares, truth) if is_praise is not None]
    right = [(share > 0.5) == is_praise for share, is_praise in sure]
    assert any(right) or len(right) < 2, "Praise has the higher share of NEGATIVE: ask id2label which column is which."
    assert all(right), (
        "A score does not fit its text: the plan mixes the texts, bring the scores into the order of `texts`."
    )


# ---- positive_share --------------------------------------------------------------------------------------------------


def shares_of(found, count):
    """The shares as floats, after their form was checked."""
    assert isinstance(found, (list, tuple, np.ndarray)), "Return a list of floats, one for each text."
    assert len(found) == count, "Each text needs one share."
    assert all(isinstance(share, (float, np.floating)) for share in found), "Each share is one float."
    assert all(0 <= share <= 1 for share in found), "A share lies between 0 and 1."
    return np.array(found, dtype=float)


def check_shares(submission, praise, complaints, neighbour):
    """Call the function several times, compare, and name the mistake that is still there."""
    texts = [*praise, *complaints]
    first, second = (shares_of(submission.positive_share(texts), len(texts)) for _ in range(2))
    assert np.allclose(first, second, atol=1e-4), (
        "Two calls with the same texts give different shares: the model is in training mode and drops numbers."
    )
    good, bad = first[: len(praise)], first[len(praise) :]
    assert not (good.max() < 0.5 < bad.min()), "Complaints get the higher shares: this is the column of NEGATIVE."
    assert good.min() > 0.5 > bad.max(), (
        "Praise and complaint are not told apart: are these trained weights, with the head that belongs to them?"
    )
    assert not set(np.concatenate([good, bad])) <= {0.0, 1.0}, "A share is asked for, not the label that wins."
    for text, share in [(praise[0], good[0]), (complaints[0], bad[0])]:
        alone = shares_of(submission.positive_share([text]), 1)[0]
        beside = shares_of(submission.positive_share([text, neighbour]), 2)[0]
        assert abs(alone - beside) < 1e-4 and abs(alone - share) < 1e-4, (
            "A text's share changes with its neighbours: the model reads the padding, hand it the attention mask."
        )


# ---- plan_batches ----------------------------------------------------------------------------------------------------


def cost_of(batches, lengths, run_cost):
    """What a plan costs: its runs and all their places."""
    return sum(run_cost + len(batch) * max(lengths[i] for i in batch) for batch in batches)


def smallest_cost(lengths, run_cost, most):
    """The smallest cost that is possible; the batches of such a plan are neighbours by length."""
    best = [0]
    for end, longest in enumerate(sorted(lengths), start=1):
        sizes = [size for size in range(1, end + 1) if size * longest <= most]
        best.append(min(best[end - size] + run_cost + size * longest for size in sizes))
    return best[-1]


def check_plan(found, lengths, run_cost, most, within=None):
    """Check that a plan can be carried out, and, with `within`, how near its cost comes to the smallest."""
    assert isinstance(found, (list, tuple)) and all(isinstance(batch, (list, tuple)) for batch in found), (
        "Return a list of batches, each a list of positions."
    )
    assert all(whole(i) and 0 <= i < len(lengths) for batch in found for i in batch), (
        "A batch holds positions in lengths, from 0 on, not the lengths themselves."
    )
    assert sorted(i for batch in found for i in batch) == list(range(len(lengths))), (
        "Every position occurs exactly once in the plan."
    )
    assert all(found), "A batch without a text costs a run and does nothing."
    assert all(len(batch) * max(lengths[i] for i in batch) <= most for batch in found), (
        "A batch takes more places than it may: its texts times its longest, padding included."
    )
    if within is None or not lengths:
        return
    cost, smallest = cost_of(found, lengths, run_cost), smallest_cost(lengths, run_cost, most)
    if cost <= within * smallest:
        return
    order = [i for batch in sorted(found, key=lambda batch: min(lengths[i] for i in batch)) for i in batch]
    ends = [(min(lengths[i] for i in batch), max(lengths[i] for i in batch)) for batch in found]
    assert max(map(len, found)) > 1, "Every text alone pays for a run each time: put some together."
    assert all(a[1] <= b[0] for a, b in zip(sorted(ends), sorted(ends)[1:])) and order, (
        "Short and long texts share a batch, and the short ones are padded: sort by length first."
    )
    padding = sum(len(batch) * max(lengths[i] for i in batch) for batch in found) - sum(lengths)
    assert cost <= 1.2 * smallest or run_cost > 60 or padding > run_cost * len(found), (
        "More is spent on runs than on padding: put more texts of like length together."
    )
    assert cost <= 1.2 * smallest or run_cost > 60, (
        "A batch that is filled up to the limit, or too long, pads more than a run costs: begin a new one when it pays."
    )
    raise AssertionError(
        "This plan is good, but not the cheapest: a rule looks at one text at a time. Try each place where the last "
        "batch can begin."
    )


# ---- the tests -------------------------------------------------------------------------------------------------------


@pytest.mark.task("pad_batch")
@pytest.mark.points(0.5)
def test_pad_either_side(submission):
    """rows of several lengths, on either side"""
    rows = [[11, 12], [21, 22, 23, 24, 25, 26], [31], [41, 42, 43, 44, 45, 46], [51, 52, 53]]
    for side in ("left", "right"):
        check_pad(submission.pad_batch(rows, 0, side), rows, 0, side)


@pytest.mark.task("pad_batch")
@pytest.mark.points(0.25)
def test_pad_number(submission):
    """another number for the padding, which also occurs as a token"""
    rows = [[5, 50256, 7], [50256], [50256, 50256, 3, 4, 50256]]
    for side in ("left", "right"):
        check_pad(submission.pad_batch(rows, 50256, side), rows, 50256, side)


@pytest.mark.task("pad_batch")
@pytest.mark.points(0.25)
def test_pad_edges(submission):
    """no row, one row, and a row without a token"""
    for rows in ([], [[9, 8, 7]], [[], [4, 0]]):
        for side in ("left", "right"):
            found = ask(submission.pad_batch, rows, 3, side, hint="Without any row, both lists are empty.")
            check_pad(found, rows, 3, side)


@pytest.mark.task("model_size")
@pytest.mark.points(0.75)
def test_size_of_families(submission):
    """three families, in float32"""
    plans = [("bert", (210, 32, 3, 48, 40)), ("roberta", (160, 12, 2, 20, 24)), ("distilbert", (130, 20, 1, 64, 50))]
    for family, measures in plans:
        settings = settings_of(family, *measures)
        check_size(submission.model_size(family, settings, "float32"), family, measures, "float32")


@pytest.mark.task("model_size")
@pytest.mark.points(0.75)
def test_size_of_dtypes(submission):
    """numbers of another size"""
    for dtype in ("bfloat16", "float64", "float16"):
        measures = (140, 16, 2, 24, 32)
        settings = settings_of("bert", *measures)
        check_size(submission.model_size("bert", settings, dtype), "bert", measures, dtype)


@pytest.mark.task("model_size")
@pytest.mark.points(0.5)
def test_size_of_the_table(submission):
    """a large vocabulary on a small body, and the other way round"""
    for measures in [(5000, 8, 1, 8, 16), (20, 48, 4, 96, 16)]:
        settings = settings_of("distilbert", *measures)
        check_size(submission.model_size("distilbert", settings, "float32"), "distilbert", measures, "float32")


@pytest.mark.task("load_report")
@pytest.mark.points(0.75)
def test_report_new_head(submission):
    """a body that was saved alone gets a new head"""
    checkpoint = {"wte.weight": [50, 4], "h.1.weight": [4, 4], "h.0.weight": [4, 4], "ln.bias": [4], "extra": [1]}
    model = {f"transformer.{name}": shape for name, shape in checkpoint.items() if name != "extra"}
    model |= {"score.weight": [5, 4], "a.new.part": [4]}
    check_report(submission.load_report(model, checkpoint, "transformer"), model, checkpoint, "transformer")


@pytest.mark.task("load_report")
@pytest.mark.points(0.5)
def test_report_shapes(submission):
    """shapes that do not fit, in the body and in the head"""
    checkpoint = {"table.weight": [90, 4], "distilbert.layer.weight": [4, 4], "head.weight": [2, 4], "head.bias": [2]}
    model = {
        "distilbert.table.weight": [91, 4],
        "distilbert.layer.weight": [4, 4],
        "head.weight": [4, 2],
        "head.bias": [2],
    }
    check_report(submission.load_report(model, checkpoint, "distilbert"), model, checkpoint, "distilbert")
    check_report(submission.load_report(checkpoint, model, "distilbert"), checkpoint, model, "distilbert")


@pytest.mark.task("load_report")
@pytest.mark.points(0.5)
def test_report_the_other_way(submission):
    """a model with a head is loaded as a bare body; names that only look alike stay apart"""
    checkpoint = {
        "vit.layer.weight": [8, 8],
        "vital.weight": [2, 8],
        "head.vit.bias": [2],
        "vit_norm.bias": [2],
        "t.bias": [3],
    }
    model = {
        "layer.weight": [8, 8],
        "al.weight": [2, 8],
        "head.bias": [2],
        "_norm.bias": [2],
        "vit.bias": [3],
    }
    check_report(submission.load_report(model, checkpoint, "vit"), model, checkpoint, "vit")


@pytest.mark.task("load_report")
@pytest.mark.points(0.25)
def test_report_nothing_in_common(submission):
    """all fits, nothing fits, nothing is there"""
    one, other = {"bert.z": [1], "bert.a": [2], "bert.m": [3]}, {"t5.q": [1], "t5.b": [2]}
    for model, checkpoint in [(one, one), (one, other), ({}, one), (one, {})]:
        check_report(submission.load_report(model, checkpoint, "bert"), model, checkpoint, "bert")


@pytest.mark.task("score_texts")
@pytest.mark.points(0.5)
def test_scores_in_order(submission):
    """the scores come in the order of the texts, whatever the plan"""
    texts = [
        "A terrible film, dull and far too long.",
        "What a delightful, moving story!",
        "The best concert I have ever heard.",
        "I hated it.",
        "A superb and touching performance.",
    ]
    truth = [False, True, True, False, True]
    for batches in ([[4, 0, 2], [1, 3]], [[0, 1, 2, 3, 4]]):
        check_scores(submission.score_texts(texts, batches), texts, truth)


@pytest.mark.task("score_texts")
@pytest.mark.points(0.25)
def test_scores_whatever_the_plan(submission):
    """the plan changes nothing in the scores"""
    texts = [
        "The room has two windows and a table that somebody painted green a long time ago.",
        "Not bad.",
        "It rained.",
    ]
    apart = rows_of(submission.score_texts(texts, [[2], [0], [1]]), texts)
    together = rows_of(submission.score_texts(texts, [[1, 2, 0]]), texts)
    assert np.allclose(apart, together, atol=1e-3), (
        "A score changes with its neighbours: hand the model the attention mask too."
    )


@pytest.mark.task("score_texts")
@pytest.mark.points(0.25)
def test_scores_at_the_edges(submission):
    """a text that is too long, and no text at all"""
    texts = ["Dreadful.", "I have never seen such a dull and clumsy film. " * 55]
    hint = "A text that is too long for the model is cut: ask for it."
    check_scores(ask(submission.score_texts, texts, [[1], [0]], hint=hint), texts, [False, None])
    check_scores(ask(submission.score_texts, [], [], hint="Without any text, the list is empty."), [], [])


@pytest.mark.task("positive_share")
@pytest.mark.points(1)
def test_share_of_praise_and_complaint(submission):
    """praise and complaint, twice, alone and in company"""
    praise = ["A superb film, moving and funny.", "The best book that I have read in years.", "Delightful!"]
    complaints = ["A dull film, and far too long.", "I hated this terrible book.", "Dreadful!"]
    check_shares(submission, praise, complaints, "On Monday they painted the door of the old station green. " * 6)


@pytest.mark.task("positive_share")
@pytest.mark.points(0.5)
def test_share_beside_longer_neighbours(submission):
    """a text's share beside neighbours of several lengths, one of them too long"""
    text, filler = "The play has three acts.", "They moved the chairs into the hall, and later back again. "
    alone = shares_of(submission.positive_share([text]), 1)[0]
    hint = "A text that is too long for the model is cut: ask for it."
    for times in (1, 5, 50):
        beside = shares_of(ask(submission.positive_share, [filler * times, text], hint=hint), 2)[1]
        assert abs(alone - beside) < 1e-4, (
            "A text's share changes with its neighbours: the model reads the padding, hand it the attention mask."
        )
    check_shares(submission, ["I loved it."], ["I hated it."], filler)


@pytest.mark.task("positive_share")
@pytest.mark.points(0.5)
def test_share_in_any_order(submission):
    """each share stands beside its own text"""
    texts = ["A great pleasure.", "An awful bore.", "A masterpiece.", "A complete waste of time."]
    shares = shares_of(submission.positive_share(texts), len(texts))
    turned = shares_of(submission.positive_share(texts[::-1]), len(texts))
    assert np.allclose(shares, turned[::-1], atol=1e-4), (
        "A text's share must not depend on where it stands in the list."
    )
    assert shares[0] > 0.5 > shares[1] and shares[2] > 0.5 > shares[3], (
        "Praise and complaint are not told apart: are these trained weights, and the column of POSITIVE?"
    )


def uneven(seed, count):
    """Lengths as in real life: most are short, a few are long."""
    generator = random.Random(seed)
    return [3 + int(generator.lognormvariate(3, 0.8)) for _ in range(count)]


@pytest.mark.task("plan_batches")
@pytest.mark.points(0.25)
def test_plan_can_be_carried_out(submission):
    """every text once, and no batch too large"""
    for lengths, most in [([8, 2, 13, 5, 5, 9], 26), ([4], 4), ([6] * 9, 12), (uneven(31, 30), 300)]:
        check_plan(submission.plan_batches(lengths, 15, most), lengths, 15, most)
    check_plan(ask(submission.plan_batches, [], 5, 64, hint="Without any text, the list is empty."), [], 5, 64)


@pytest.mark.task("plan_batches")
@pytest.mark.points(0.75)
def test_plan_by_a_rule(submission):
    """within 20 % of the smallest cost"""
    for seed, run_cost, most in [(11, 8, 512), (12, 50, 512), (13, 30, 2048), (14, 45, 4096)]:
        lengths = uneven(seed, 70)
        check_plan(submission.plan_batches(lengths, run_cost, most), lengths, run_cost, most, within=1.2)


@pytest.mark.task("plan_batches")
@pytest.mark.points(0.75)
def test_plan_at_its_best(submission):
    """within 1 % of the smallest cost"""
    for seed, run_cost, most in [(21, 25, 1024), (22, 55, 4096), (23, 150, 2048), (24, 500, 4096)]:
        lengths = uneven(seed, 60)
        check_plan(submission.plan_batches(lengths, run_cost, most), lengths, run_cost, most, within=1.01)


@pytest.mark.task("plan_batches")
@pytest.mark.points(0.25)
def test_plan_when_runs_are_free_or_dear(submission):
    """where a run costs nothing, and where it costs more than all places"""
    lengths = [4, 9, 2, 30, 9, 16]
    for run_cost, most in [(0, 200), (1000, 200), (1000, 60), (7, 60)]:
        check_plan(submission.plan_batches(lengths, run_cost, most), lengths, run_cost, most, within=1.01)
