"""Public checks of Day 6: `check("…")` runs them; each assertion message is the hint."""

import math

import numpy as np
import pytest


def ask(function, *arguments, hint):
    """Call the learner's function; if it raises, the hint says what to think of."""
    try:
        return function(*arguments)
    except AssertionError as error:
        assert " raised " not in str(error), f"{hint} ({error})"
        raise


def number(value):
    """True for one number, of Python or NumPy; a truth value is none."""
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)


def holds(found, names):
    """A dictionary with these keys, each one number; anything else fails."""
    assert isinstance(found, dict), "Return a dictionary with the keys that the task names."
    missing = [name for name in names if name not in found]
    assert not missing, f"The dictionary lacks what the task asks for; missing: {', '.join(missing)}."
    assert all(number(found[name]) for name in names), "Each value of the dictionary is one number."
    return [float(found[name]) for name in names]


def close(one, other):
    """Equal but for rounding."""
    return math.isclose(one, other, rel_tol=1e-6, abs_tol=1e-9)


# ---- metrics_from_logits ---------------------------------------------------------------------------------------------


def f1_of(answers, labels, label):
    """F1 of one label, 0 where there is no hit."""
    hits = sum(a == b == label for a, b in zip(answers, labels))
    wrong = sum((a == label) != (b == label) for a, b in zip(answers, labels))
    return 2 * hits / (2 * hits + wrong) if hits else 0.0


def check_metrics(found, logits, labels):
    """Compare both figures, and name the usual mistakes."""
    accuracy, f1 = holds(found, ["accuracy", "f1"])
    answers = [int(row.argmax()) for row in logits]
    truth = sum(a == b for a, b in zip(answers, labels)) / len(labels)
    assert close(accuracy, truth) or not close(accuracy, 100 * truth), "A share, not a percentage: at most 1."
    positive = [int(row[1] > 0) for row in logits]
    assert close(accuracy, truth) or not close(accuracy, np.mean([a == b for a, b in zip(positive, labels)])), (
        "A logit is not to be compared with 0: the answer is the label whose logit is the largest of its row."
    )
    assert close(accuracy, truth), (
        "The answer of a text is the column with its largest logit; accuracy is the share of answers that are right."
    )
    wanted = f1_of(answers, labels, 1)
    assert not math.isnan(f1), "Where label 1 has no hit, F1 is 0.0."
    assert close(f1, wanted) or not close(f1, f1_of(answers, labels, 0)), "F1 is asked for label 1, not for label 0."
    several = sorted({*answers, *labels})
    macro = np.mean([f1_of(answers, labels, one) for one in several])
    assert close(f1, wanted) or not close(f1, macro), "Not the mean over the labels: F1 of label 1 alone."
    given, expected = sum(a == 1 for a in answers), sum(b == 1 for b in labels)
    hits = sum(a == b == 1 for a, b in zip(answers, labels))
    assert close(f1, wanted) or not (given and close(f1, hits / given)), (
        "That is precision, which forgets the misses: F1 counts false alarms and misses."
    )
    assert close(f1, wanted) or not (expected and close(f1, hits / expected)), (
        "That is recall, which forgets the false alarms: F1 counts false alarms and misses."
    )
    assert close(f1, wanted), "F1 is 2 · hits / (2 · hits + false alarms + misses), all counted for label 1."


# ---- best_evaluation -------------------------------------------------------------------------------------------------


def check_best(found, history, metric):
    """Compare step, value and what came later, and name the usual mistakes."""
    rows = [row for row in history if metric in row]
    if not rows:
        assert found is None, "Where no row has the metric, return None."
        return
    assert found is not None, "There are evaluations with this metric: look at every row of the history."
    step, value, later = holds(found, ["step", "value", "later"])
    lower = metric.endswith("loss")
    values = [row[metric] for row in rows]
    best, worst = (min(values), max(values)) if lower else (max(values), min(values))
    places = [place for place, one in enumerate(values) if one == best]
    assert close(value, best) or not close(value, worst) or worst == best or values[-1] == worst, (
        "Of a loss the smallest value is the best, of everything else the largest."
    )
    assert close(value, best) or not close(value, values[-1]), "The last evaluation is not always the best one."
    assert close(value, best), "This is not the best value of the metric that was asked for."
    first = rows[places[0]]["step"]
    assert step == first or step not in [rows[place]["step"] for place in places[1:]], (
        "Of equally good evaluations, take the earliest."
    )
    assert step != places[0] or step == first, "The step stands in the row; its place in the list is something else."
    assert step == first, "The step is the one in the row of the best evaluation."
    wanted = len(rows) - places[0] - 1
    behind = len(history) - history.index(rows[places[0]]) - 1
    assert later == wanted or later != behind, (
        "Only evaluations of this metric count as later: a history holds rows of other kinds between them."
    )
    assert later == wanted, "later is the number of evaluations of this metric after the best one."


def history_of(evaluations, every=10, metric="accuracy"):
    """A history as a Trainer leaves it: training rows, evaluations (loss, metric), and the sum at the end."""
    history = []
    for number_, (loss, value) in enumerate(evaluations, 1):
        step = number_ * every
        history.append({"loss": loss - 0.05, "learning_rate": 1e-4, "epoch": number_ - 0.5, "step": step - every // 2})
        history.append({"eval_loss": loss, f"eval_{metric}": value, "epoch": float(number_), "step": step})
    history.append({"train_loss": 0.01, "train_runtime": 9.0, "epoch": float(len(evaluations)), "step": step})
    return history


# ---- learning_rates --------------------------------------------------------------------------------------------------


def check_rates(found, steps, warmup, peak):
    """Compare every rate, and name the usual mistakes."""
    found = found.tolist() if hasattr(found, "tolist") else found
    assert isinstance(found, (list, tuple)), "Return a list with a rate for each step."
    assert all(number(one) for one in found), "A rate is one number."
    assert len(found) == steps, "There is one rate for each step, no more and no fewer."
    rates = np.array(found, dtype=float)

    def line(k, up, down, last):
        return peak * (k / up if k < up else (last - k) / down)

    wanted = np.array([line(k, warmup, steps - warmup, steps) for k in range(steps)])
    wrongs = {
        "Counted from 0: the first of the warm-up steps has the rate 0.": [
            peak * ((k + 1) / warmup if k < warmup else (steps - k) / (steps - warmup)) for k in range(steps)
        ],
        "The rate would reach 0 one step after the last: the last step still learns.": [
            peak * (k / warmup if k < warmup else (steps - 1 - k) / max(1, steps - 1 - warmup)) for k in range(steps)
        ],
        "After the warm-up the rate falls: it does not stay at its peak.": [
            peak * (k / warmup if k < warmup else 1) for k in range(steps)
        ],
        "The rate has to rise during the warm-up.": [peak * (steps - k) / steps for k in range(steps)],
        "The fall begins with the peak at the end of the warm-up: its length is what is left of the steps.": [
            peak * (k / warmup if k < warmup else (steps - k) / steps) for k in range(steps)
        ],
        "During the warm-up only a share of the peak is used, and afterwards too: multiply by peak.": wanted / peak,
    }
    for hint, wrong in wrongs.items():
        assert np.allclose(rates, wanted, atol=1e-12) or not np.allclose(rates, wrong, atol=1e-12), hint
    fits = np.isclose(rates, wanted, rtol=1e-6, atol=1e-12)
    assert fits[:warmup].all(), "Step k has the rate peak · k / warmup as long as k is below warmup."
    assert fits.all(), (
        "From step warmup on, the rate falls from peak in a straight line that would reach 0 at step steps."
    )


# ---- split_rows ------------------------------------------------------------------------------------------------------


def sides(found, count):
    """The positions of both sides as lists, after their form was checked."""
    assert isinstance(found, dict) and {"train", "test"} <= set(found), "Return a dictionary with train and test."
    lists = []
    for name in ("train", "test"):
        side = found[name].tolist() if hasattr(found[name], "tolist") else found[name]
        assert isinstance(side, (list, tuple)) and all(number(one) for one in side), (
            "Each side is a list of positions: whole numbers, not texts."
        )
        lists.append([int(one) for one in side])
    everything = sorted(lists[0] + lists[1])
    assert everything == sorted(set(everything)), "A position occurs twice: every row goes to exactly one side, once."
    assert set(everything) <= set(range(count)), "There is a position that the data do not have: they count from 0."
    assert len(everything) == count, "Rows are missing: copies stay together, but they are not thrown away."
    return lists


def check_split(found, texts, labels, share):
    """The properties of a good split; each has its own hint."""
    train, test = sides(found, len(texts))
    assert test and train, "One of the two sides is empty."
    assert not {texts[i] for i in train} & {texts[i] for i in test}, (
        "A text is on both sides: copies of a text have to stay together, or the test asks what was learned by heart."
    )
    for label in dict.fromkeys(labels):
        here = len({texts[i] for i in test if labels[i] == label})
        all_of_it = len({text for text, one in zip(texts, labels) if one == label})
        assert here, "A label is missing from the test side: take the share from each label by itself."
        assert abs(here - share * all_of_it) < 1.51, (
            "Of the different texts of each label, its share goes to the test side: count texts, not copies, and one "
            "label at a time."
        )


def check_chance(split, texts, labels, share):
    """The same seed gives the same split, other seeds give others."""
    first, second = split(texts, labels, share, 1), split(texts, labels, share, 1)
    assert sorted(first["test"]) == sorted(second["test"]), "The same seed has to give the same split."
    tests = {tuple(sorted(split(texts, labels, share, seed)["test"])) for seed in range(4)}
    assert len(tests) > 1, "Another seed has to give another split: draw at random, with the seed."


def fixed_order(found, texts, labels):
    """True where every label gives just its first or just its last texts."""
    test = set(found["test"])
    for label in dict.fromkeys(labels):
        flags = [i in test for i in range(len(texts)) if labels[i] == label]
        if flags != sorted(flags) and flags != sorted(flags, reverse=True):
            return False
    return True


# ---- compare_models --------------------------------------------------------------------------------------------------


def tail(n, k):
    """The share of the rows of n tosses that show at most k heads."""
    return sum(math.comb(n, i) for i in range(k + 1)) / 2**n


def check_compare(found, labels, first, second):
    """Compare gain, counts and p-value, and name the usual mistakes."""
    gain, only_first, only_second, chance = holds(found, ["gain", "only_first", "only_second", "chance"])
    right = [(a == t, b == t) for t, a, b in zip(labels, first, second)]
    one, two = sum(a and not b for a, b in right), sum(b and not a for a, b in right)
    both, size = sum(a and b for a, b in right), len(labels)
    wanted = (two - one) / size
    assert close(gain, wanted) or not close(gain, -wanted), "The gain is the second model's accuracy minus the first's."
    assert close(gain, wanted) or not close(gain, two - one), "The gain is a difference of accuracies, not of counts."
    assert close(gain, wanted), "The gain is the difference of the two accuracies, over all texts."
    assert (only_first, only_second) == (one, two) or (only_first, only_second) != (two, one), (
        "only_first and only_second have changed places."
    )
    assert (only_first, only_second) == (one, two) or (only_first, only_second) != (one + both, two + both), (
        "A text that both got right counts for neither."
    )
    assert (only_first, only_second) == (one, two), (
        "only_first counts the texts that the first got right and the second did not; only_second the other way round."
    )
    n, k = one + two, min(one, two)
    right_chance = min(1.0, 2 * tail(n, k))
    assert not math.isnan(chance) and chance <= 1 + 1e-9, "A chance is never more than 1."
    assert close(chance, right_chance) or not close(chance, tail(n, k)), (
        "Count both ends: the second model could have been the unlucky one, so the sum is doubled."
    )
    whole = min(1.0, 2 * tail(size, k))
    assert close(chance, right_chance) or not close(chance, whole), (
        "Texts on which both are right, or both wrong, do not count: n is the number of the others."
    )
    exactly = min(1.0, 2 * math.comb(n, k) / 2**n)
    assert close(chance, right_chance) or not close(chance, exactly), (
        "At most k heads: add up all cases from 0 to k, not k alone."
    )
    below = 2 * (tail(n, k - 1) if k else 0.0)
    assert close(chance, right_chance) or not close(chance, below), "At most k heads: k itself belongs to the sum."
    assert close(chance, right_chance), (
        "The chance is 2 · (C(n, 0) + … + C(n, k)) / 2ⁿ, with k for the less lucky model, and at most 1."
    )


def answers_of(both, only_first, only_second, neither):
    """Labels and the answers of two models, with so many texts of each sort, well mixed."""
    sorts = [(1, 1)] * both + [(1, 0)] * only_first + [(0, 1)] * only_second + [(0, 0)] * neither
    size = len(sorts)
    step = next(one for one in range(max(2, size // 3), 2 * size + 3) if math.gcd(one, size) == 1)
    sorts = [sorts[i * step % size] for i in range(size)]
    labels = [i % 3 % 2 for i in range(size)]
    first, second = ([t if sort[side] else 1 - t for t, sort in zip(labels, sorts)] for side in (0, 1))
    return labels, first, second


# ---- fine_tune -------------------------------------------------------------------------------------------------------


def check_sorted(found, rows, texts, trays):
    """Compare the names that came back; the share of right ones must be well above guessing."""
    found = found.tolist() if hasattr(found, "tolist") else found
    assert isinstance(found, (list, tuple)), "Return a list with the name of a label for each text."
    names = {row["label"] for row in rows}
    assert not any(number(one) for one in found), "Return the names of the labels, not their numbers."
    assert all(isinstance(one, str) for one in found), "Return a list of strings: the names of the labels."
    assert len(found) == len(texts), "Return one label for each of the texts to be sorted, no more and no fewer."
    assert set(found) <= names, "There is a label that the rows do not have: give it the names that the rows use."
    right = sum(one == tray for one, tray in zip(found, trays)) / len(trays)
    if right < 0.85:
        cross = {a: [b for b, tray in zip(found, trays) if tray == a] for a in sorted(names)}
        most = {a: max(set(answers), key=answers.count) for a, answers in sorted(cross.items())}
        pure = sum(b == most[a] for a, answers in cross.items() for b in answers) / len(trays)
        assert not (pure >= 0.85 and len(set(most.values())) == len(names)), (
            "The texts are sorted well, under the wrong names: label i of the model has to be names[i], for rows and "
            "answers alike."
        )
        assert len(set(found)) > 1, (
            "All texts get the same label: the model has hardly learned. More steps, a higher learning rate, rows in "
            "random order?"
        )
    assert right >= 0.85, (
        "Not clearly better than guessing: is the model trained before it is asked, with enough steps, at a rate that "
        "is high enough? And do the answers stand in the order of the texts?"
    )


def letters(groups):
    """Rows from {label: texts}, sorted by label."""
    return [{"text": text, "label": label} for label, texts in groups.items() for text in texts]


# ---- the checks ------------------------------------------------------------------------------------------------------


@pytest.mark.task("metrics_from_logits")
def test_metrics_of_two_labels(submission):
    """accuracy and F1 of two labels"""
    logits = np.array([[2.0, 1.0], [0.5, 0.7], [-3.0, -1.0], [1.0, -1.0], [0.2, 0.9], [3.0, 2.5], [0.1, 0.4]])
    labels = [0, 1, 1, 1, 0, 0, 1]
    check_metrics(submission.metrics_from_logits(logits, labels), logits, labels)


@pytest.mark.task("metrics_from_logits")
def test_metrics_without_hits(submission):
    """without a hit, F1 is 0.0"""
    logits, labels = np.array([[2.0, 1.0], [4.0, 1.0], [1.0, 0.0]]), [0, 0, 0]
    found = ask(submission.metrics_from_logits, logits, labels, hint="Where label 1 has no hit, F1 is 0.0.")
    check_metrics(found, logits, labels)


@pytest.mark.task("best_evaluation")
def test_best_accuracy_and_loss(submission):
    """the best accuracy, and the best loss"""
    history = history_of([(0.7, 0.5), (0.5, 0.75), (0.45, 0.8), (0.55, 0.78), (0.6, 0.79)])
    for metric in ["eval_accuracy", "eval_loss"]:
        check_best(submission.best_evaluation(history, metric), history, metric)


@pytest.mark.task("best_evaluation")
def test_best_of_nothing(submission):
    """where nothing was evaluated, there is no best"""
    found = ask(submission.best_evaluation, [{"loss": 0.6, "step": 5}], "eval_f1", hint="Without any, return None.")
    check_best(found, [{"loss": 0.6, "step": 5}], "eval_f1")


@pytest.mark.task("learning_rates")
def test_rates_of_the_example(submission):
    """the example of the task comes out"""
    check_rates(submission.learning_rates(6, 2, 0.4), 6, 2, 0.4)


@pytest.mark.task("learning_rates")
def test_rates_without_warmup(submission):
    """without warm-up, it begins at the peak"""
    hint = "Without warm-up there is nothing to divide by: the rate begins at the peak."
    check_rates(ask(submission.learning_rates, 5, 0, 1.0, hint=hint), 5, 0, 1.0)


@pytest.mark.task("split_rows")
def test_split_keeps_copies_together(submission):
    """every row once, and copies on one side"""
    texts = [
        "Lovely!",
        "Great soup.",
        "Well done.",
        "Thank you!",
        "Cold soup.",
        "Never again.",
        "Never again.",
        "Too late.",
    ]
    labels = ["pos"] * 4 + ["neg"] * 4
    for seed in range(4):
        check_split(submission.split_rows(texts, labels, 0.3, seed), texts, labels, 0.3)


@pytest.mark.task("split_rows")
def test_split_by_label_and_chance(submission):
    """each label in proportion, drawn at random"""
    texts = [f"Praise number {i}." for i in range(20)] + [f"Blame number {i}." for i in range(10)]
    labels = ["pos"] * 20 + ["neg"] * 10
    check_split(submission.split_rows(texts, labels, 0.2, 5), texts, labels, 0.2)
    check_chance(submission.split_rows, texts, labels, 0.2)


@pytest.mark.task("compare_models")
def test_compare_the_example(submission):
    """the example of the task comes out"""
    case = answers_of(both=3, only_first=1, only_second=5, neither=2)
    check_compare(submission.compare_models(*case), *case)


@pytest.mark.task("compare_models")
def test_compare_equals(submission):
    """two models that are equally good"""
    for case in [answers_of(4, 2, 2, 1), answers_of(3, 0, 0, 2)]:
        hint = "Two models may also agree on every text: then the chance is 1.0."
        check_compare(ask(submission.compare_models, *case, hint=hint), *case)


@pytest.mark.task("fine_tune")
def test_sorts_the_mail_of_a_hotel(submission):
    """the mail of a hotel goes into the right trays"""
    rows = letters({
        "booking": [
            "We would like a double room for two nights.", "Is there a room free at Easter?",
            "Please reserve a single room from Monday to Friday.", "I want to book for the last week of May.",
            "Do you have a family room in August?", "Two rooms for Saturday night, please.",
            "Can I still get a room for tomorrow?", "We need three rooms for our choir in June.",
        ],
        "lost property": [
            "I left my umbrella in the wardrobe.", "Has anybody found a silver ring?",
            "My son forgot his teddy bear in the bed.", "I think my charger is still plugged in beside the desk.",
            "Did you find a black scarf in the hall?", "I lost an earring near the lift.",
            "My glasses must be on the bedside table.", "We left a pair of boots under the radiator.",
        ],
    })  # fmt: skip
    trays = {
        "Is a twin room available on the third of July?": "booking",
        "I forgot my blue jacket behind the door.": "lost property",
        "Please book us in for New Year's Eve.": "booking",
        "We are missing a small red suitcase, was it found?": "lost property",
        "My watch is gone, I think I left it in the bathroom.": "lost property",
        "I should like to reserve the room with the balcony.": "booking",
        "Could somebody look for my keys? I had them at breakfast.": "lost property",
        "One room, one night, next Tuesday.": "booking",
    }
    found = submission.fine_tune(rows, list(trays))
    check_sorted(found, rows, list(trays), list(trays.values()))
