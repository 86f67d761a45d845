"""Public checks of Day 1: `check("…")` runs them; each assertion message is the hint."""

import numpy as np
import pytest


def close(found, wanted, tolerance=1e-4):
    """True if two arrays have the same shape and numbers."""
    found, wanted = np.asarray(found, dtype=float), np.asarray(wanted, dtype=float)
    return found.shape == wanted.shape and np.allclose(found, wanted, atol=tolerance)


def ask(function, *arguments, hint):
    """Call the learner's function; if it raises, the hint says what to think of."""
    try:
        return function(*arguments)
    except AssertionError as error:
        assert " raised " not in str(error), f"{hint} ({error})"
        raise


# ---- classify_texts --------------------------------------------------------------------------------------------------


def rows_of(found, texts):
    """The rows, after their form was checked."""
    assert isinstance(found, list), f"Return a list with one dictionary for each text, not a {type(found).__name__}."
    assert not (len(found) == 1 < len(texts)), (
        "Only one text was answered: the classifier returns a list, use all of it."
    )
    assert len(found) == len(texts), f"{len(texts)} texts need {len(texts)} rows, there are {len(found)}."
    for row in found:
        assert isinstance(row, dict), "Each row is a dictionary with the keys text, label and score."
        missing = {"text", "label", "score"} - set(row)
        assert not missing, f"Each row needs the keys text, label and score; missing: {', '.join(sorted(missing))}."
    return found


@pytest.mark.task("classify_texts")
def test_classify_in_order(submission):
    """every text gets its row, in the order of the texts"""
    texts = ["I hated every minute of it.", "What a wonderful evening!", "Awful service and awful food."]
    rows = rows_of(submission.classify_texts(texts), texts)
    assert [row["text"] for row in rows] == texts, "Keep the order of the texts, and put each text itself into its row."
    labels = [row["label"] for row in rows]
    assert labels == ["NEGATIVE", "POSITIVE", "NEGATIVE"], (
        f"The labels are {labels}: does each stand beside its own text?"
    )


@pytest.mark.task("classify_texts")
def test_classify_scores(submission):
    """the score is that of the label in the same row"""
    texts = ["A wonderful, wonderful dinner.", "The worst soup I ever had."]
    for row in rows_of(submission.classify_texts(texts), texts):
        assert isinstance(row["score"], (float, np.floating)), "The score is a plain number, a float."
        assert row["score"] <= 1, "A score is a share of 1, not a percentage."
        assert row["score"] >= 0.5, (
            "With two labels the winner has at least 0.5: take the score of the label in this row."
        )


@pytest.mark.task("classify_texts")
def test_classify_repeats(submission):
    """equal texts get a row each"""
    texts = ["Great!", "Great!", "Terrible."]
    found = submission.classify_texts(texts)
    assert not (isinstance(found, list) and len(found) == 2), (
        "Equal texts each need a row of their own: a dictionary or a set keeps only one of them."
    )
    assert [row["text"] for row in rows_of(found, texts)] == texts, "Keep the order of the texts."


@pytest.mark.task("classify_texts")
def test_classify_awkward_lists(submission):
    """no text at all, a tuple, and a very long text are answered too"""
    empty = ask(
        submission.classify_texts, [], hint="An empty list has an empty list as its answer; the classifier refuses it."
    )
    assert empty == [], "An empty list has an empty list as its answer."
    pair = ("Lovely place.", "Horrible place.")
    hint = "The classifier takes a tuple of two for one pair of texts: make a list of it first."
    found = ask(submission.classify_texts, pair, hint=hint)
    assert isinstance(found, list) and len(found) == 2, hint
    assert [row["label"] for row in rows_of(found, pair)] == ["POSITIVE", "NEGATIVE"], hint
    letter = "We liked the food very much. " * 100
    hint = "One text is longer than the model can read: ask the classifier for truncation."
    rows = rows_of(ask(submission.classify_texts, [letter], hint=hint), [letter])
    assert rows[0]["text"] == letter, "Put the whole text into its row, even where the model reads only its beginning."


# ---- scores_from_logits ----------------------------------------------------------------------------------------------


def softmax(logits):
    """The expected shares."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def check_scores(found, logits, labels):
    """Compare with the softmax, and name the usual mistakes."""
    wanted = softmax(np.asarray(logits, dtype=float))
    assert isinstance(found, list), "Return a list with one entry for each text."
    assert len(found) == len(wanted), "Return one entry for each row of logits."
    assert all(isinstance(row, list) for row in found), (
        "Each text's entry is a list of dictionaries, one for each label."
    )
    assert all(len(row) == len(labels) for row in found), "Give a dictionary for every label, not for the winner alone."
    for row in found:
        assert all(isinstance(entry, dict) and {"label", "score"} <= set(entry) for entry in row), (
            "Each entry is a dictionary with the keys label and score."
        )
    assert all(isinstance(entry["score"], (float, np.floating)) for row in found for entry in row), (
        "A score is a float."
    )
    values = np.array([[float(entry["score"]) for entry in row] for row in found])
    assert not np.isnan(values).any(), (
        "There is a nan among the scores: large numbers overflow in exp. Take the largest logit of each row away first."
    )
    assert not ((values < 0) | (values > 1)).any(), (
        "Scores lie between 0 and 1: these look like logits. Apply the softmax."
    )
    named = np.array(
        [[{e["label"]: float(e["score"]) for e in row}.get(label, -1) for label in labels] for row in found]
    )
    if not close(values.sum(axis=1), np.ones(len(values))):
        assert len(values) == 1 or not close(named.sum(axis=0), np.ones(len(labels))), (
            "The softmax goes along the labels of each text (axis 1); here it went over the texts (axis 0)."
        )
        assert not np.isclose(values.sum(), 1), "Each text has a softmax of its own; here all texts share one."
        raise AssertionError("The scores of one text must add up to 1: use the softmax, not the sigmoid of each logit.")
    assert (np.diff(values, axis=1) <= 1e-9).all(), "The highest score comes first."
    assert close(np.sort(values, axis=1), np.sort(wanted, axis=1)), "The scores are not the softmax of the logits."
    assert close(named, wanted), "Right scores beside the wrong labels: keep label and score together when you sort."


@pytest.mark.task("scores_from_logits")
def test_scores_of_the_example(submission):
    """the example of the task comes out"""
    logits, labels = np.array([[0.0, 0.0, 1.0]]), ["red", "green", "blue"]
    check_scores(submission.scores_from_logits(logits, labels), logits, labels)


@pytest.mark.task("scores_from_logits")
def test_scores_of_several_texts(submission):
    """every text has a softmax of its own"""
    logits, labels = np.array([[1.0, -1.0], [-3.0, 0.5], [0.2, 0.1]]), ["no", "yes"]
    check_scores(submission.scores_from_logits(logits, labels), logits, labels)


@pytest.mark.task("scores_from_logits")
def test_scores_of_large_logits(submission):
    """large logits do not overflow"""
    logits, labels = np.array([[5000.0, 5001.0], [-6000.0, -6002.0]]), ["no", "yes"]
    check_scores(submission.scores_from_logits(logits, labels), logits, labels)


# ---- sentence_vectors ------------------------------------------------------------------------------------------------


def check_vectors(found, hidden, mask):
    """Compare with the masked mean, and name the usual mistakes."""
    weights = mask[:, :, None]
    wanted = (hidden * weights).sum(axis=1) / np.maximum(weights.sum(axis=1), 1)
    found = np.asarray(found, dtype=float)
    assert found.shape == wanted.shape, (
        f"Return an array of shape (sentences, numbers), here {wanted.shape}; this one has {found.shape}."
    )
    assert not np.isnan(found).any(), "A sentence without a token gets zeros: here 0 was divided by 0."
    if close(found, wanted):
        return
    first = np.stack([row[: int(m.sum())].mean(axis=0) if m.sum() else 0 * row[0] for row, m in zip(hidden, mask)])
    assert not close(found, hidden.mean(axis=1)), "The padding was averaged too: use the mask."
    assert not close(found, (hidden * weights).mean(axis=1)), (
        "Divide by the number of tokens, that is the sum of the mask, not by the number of places."
    )
    assert not close(found, (hidden * weights).sum(axis=1)), (
        "This is the sum over the tokens: divide it by their number."
    )
    assert not close(found, hidden[:, 0]), "This is the vector of the first place alone: average over all tokens."
    assert not close(found, first), "The tokens need not come first: the padding may stand in front. Go by the mask."
    raise AssertionError("The result is not the mean of the vectors where the mask is 1.")


def some_hidden(seed, mask):
    """Vectors of five numbers for each place of a mask."""
    mask = np.array(mask)
    return np.random.default_rng(seed).normal(size=(*mask.shape, 5)).astype(np.float32), mask


@pytest.mark.task("sentence_vectors")
def test_vectors_padding_behind(submission):
    """padding behind the tokens does not count"""
    hidden, mask = some_hidden(1, [[1, 1, 1, 1], [1, 1, 0, 0], [1, 0, 0, 0]])
    check_vectors(submission.sentence_vectors(hidden, mask), hidden, mask)


@pytest.mark.task("sentence_vectors")
def test_vectors_padding_in_front(submission):
    """padding in front of the tokens does not count"""
    hidden, mask = some_hidden(2, [[0, 0, 1, 1], [0, 1, 1, 1]])
    check_vectors(submission.sentence_vectors(hidden, mask), hidden, mask)


@pytest.mark.task("sentence_vectors")
def test_vectors_no_token(submission):
    """a sentence without a token gets zeros"""
    hidden, mask = some_hidden(3, [[0, 0, 0], [1, 1, 1]])
    check_vectors(submission.sentence_vectors(hidden, mask), hidden, mask)


# ---- search ----------------------------------------------------------------------------------------------------------


def check_search(found, query, vectors, k):
    """Compare with the ranking by cosine similarity, and name the usual mistakes."""
    dots, lengths = vectors @ query, np.linalg.norm(vectors, axis=1) * np.linalg.norm(query)
    cosines = dots / np.where(lengths == 0, 1, lengths)
    order = sorted(range(len(vectors)), key=lambda i: (-round(cosines[i], 9), i))[:k]
    assert isinstance(found, list), "Return a list of dictionaries."
    assert all(isinstance(entry, dict) and {"index", "score"} <= set(entry) for entry in found), (
        "Each entry is a dictionary with the keys index and score."
    )
    assert all(isinstance(entry["score"], (float, np.floating)) for entry in found), "A score is a float."
    indexes, scores = [entry["index"] for entry in found], [float(entry["score"]) for entry in found]
    assert len(found) <= k, "Return no more than k documents."
    assert len(found) == len(order), "Return k documents, or all of them if there are fewer."
    assert not np.isnan(scores).any(), "A vector of zeros has similarity 0: here 0 was divided by 0."
    assert all(isinstance(i, (int, np.integer)) for i in indexes), "An index is the number of a row, an int."
    assert len(order) == 1 or scores == sorted(scores, reverse=True), "Best first: the highest similarity comes first."
    assert close(sorted(scores), sorted(cosines[order])) or not set(np.round(scores, 4)) <= set(np.round(dots, 4)), (
        "This is the plain product of the vectors: divide by both lengths, or long vectors win."
    )
    assert close(scores, cosines[order]), "These are not the highest cosine similarities."
    assert indexes == order, "Of two documents that are equally similar, the one with the lower index comes first."


@pytest.mark.task("search")
def test_search_ranking(submission):
    """the nearest by direction come first, however long the vectors are"""
    query = np.array([1.0, 0.5, 0.0])
    vectors = np.array([[9.0, -3.0, 5.0], [0.2, 0.1, 0.0], [-1.0, -0.5, 0.1], [0.5, 0.6, 0.1]])
    check_search(submission.search(query, vectors, 3), query, vectors, 3)


@pytest.mark.task("search")
def test_search_edges(submission):
    """fewer documents than k, ties and zeros are no trouble"""
    query = np.array([0.0, 2.0])
    vectors = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0], [0.0, 3.0]])
    check_search(submission.search(query, vectors, 9), query, vectors, 9)


# ---- stories_at ------------------------------------------------------------------------------------------------------


def check_told(found, temperatures, count, beginning):
    """Look at the form, and name the usual mistakes."""
    assert isinstance(found, dict), "Return a dictionary from each temperature to its texts and their variety."
    assert list(found) == list(temperatures), "The keys are the temperatures, as they were given and in their order."
    for told in found.values():
        assert isinstance(told, dict) and set(told) == {"texts", "variety"}, (
            "Each temperature has a dictionary with the keys texts and variety."
        )
        texts = told["texts"]
        assert isinstance(texts, list) and all(isinstance(text, str) for text in texts), (
            "The continuations are a list of strings: take generated_text out of each dictionary."
        )
        assert len(texts) == count, "Return as many continuations at each temperature as count says."
        assert not any(text.startswith(beginning) for text in texts), (
            "A continuation is only what was added: leave the beginning out, return_full_text=False does."
        )
        assert any(len(text.split()) > 4 for text in texts), (
            "The continuations are too short: max_new_tokens counts what is added, max_length the beginning as well."
        )
        assert all(len(text.split()) <= 20 for text in texts), "A continuation has at most 20 new tokens."
        words = " ".join(texts).split()
        variety, number = len(set(words)) / len(words), told["variety"]
        assert isinstance(number, (int, float, np.number)), "The variety is one number."
        shares = [len(set(text.split())) / len(text.split()) for text in texts if text.split()]
        if not np.isclose(number, variety, atol=1e-6):
            assert not np.isclose(number, len(set(words))), "The variety is a share: divide by the number of all words."
            assert not np.isclose(number, 100 * variety), "A share is a number from 0 to 1, not a percentage."
            assert not np.isclose(number, np.mean(shares)), (
                "Put the words of all texts together and count once: two texts may share their words."
            )
            lower = " ".join(texts).lower().split()
            assert not np.isclose(number, len(set(lower)) / len(lower)), "Count the words as they stand, capitals too."
            raise AssertionError("The variety is the number of different words, divided by the number of all words.")


@pytest.mark.task("stories_at")
def test_stories_form(submission):
    """two temperatures, three texts each"""
    beginning = "The old king called his daughter and said:"
    check_told(submission.stories_at(beginning, [0.5, 1.2], 3, 1), [0.5, 1.2], 3, beginning)


@pytest.mark.task("stories_at")
def test_stories_repeat(submission):
    """the same call returns the same again"""
    first, again = (submission.stories_at("One day a cat", [1.0], 2, 5) for _ in range(2))
    check_told(first, [1.0], 2, "One day a cat")
    assert first == again, "The same call returned other texts: set the seed."


@pytest.mark.task("stories_at")
def test_stories_without_chance(submission):
    """temperature 0 is no error"""
    hint = "Temperature 0 cannot be divided by: ask for do_sample=False there."
    found = ask(submission.stories_at, "In a deep forest", [0], 2, 1, hint=hint)
    check_told(found, [0], 2, "In a deep forest")
    assert len(set(found[0]["texts"])) == 1, "At temperature 0 all texts are the same one: there is no chance in it."


# ---- scores_by_hand --------------------------------------------------------------------------------------------------


def shares_of(found, count):
    """The scores as an array, after their form was checked."""
    shares = np.asarray(found, dtype=float)
    assert shares.shape == (count, 2), (
        f"Return an array of shape (texts, labels), here {(count, 2)}, not {shares.shape}."
    )
    assert not ((shares < 0) | (shares > 1)).any(), "Scores lie between 0 and 1: these look like logits."
    assert close(shares.sum(axis=1), np.ones(count)), (
        "The scores of one text must add up to 1: over which dimension does the softmax go?"
    )
    return shares


@pytest.mark.task("scores_by_hand")
def test_by_hand_shares(submission):
    """the scores of each text add up to 1, alone and in company"""
    texts = ["A wonderful evening!", "A dreadful evening."]
    alone = shares_of(submission.scores_by_hand(texts[:1]), 1)
    both = shares_of(submission.scores_by_hand(texts), 2)
    assert both[0, 1] > 0.5 > both[1, 1], "The columns are in the order of id2label: column 1 is POSITIVE."
    assert alone[0, 1] > 0.5, "A text that is pleased should get more in column 1, POSITIVE."


@pytest.mark.task("scores_by_hand")
def test_by_hand_neighbours(submission):
    """a text has the same scores whoever stands beside it"""
    texts = ["It was fine.", "Nothing special.", "The neighbours of this one are much shorter than it is, " * 6]
    hint = "The texts differ in length: the tokenizer must still pad them."
    together = shares_of(ask(submission.scores_by_hand, texts, hint=hint), 3)
    alone = np.concatenate([shares_of(submission.scores_by_hand([text]), 1) for text in texts])
    assert close(together, alone, 1e-4), (
        "A short text changes its scores beside a long one: the model reads the padding. What tells it not to?"
    )
