"""Hidden tests of Day 1: other data than the public ones, and all the points. No message gives data or results away."""

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
    assert isinstance(found, list), "Return a list with one dictionary for each text."
    assert not (len(found) == 1 < len(texts)), (
        "Only one text was answered: the classifier returns a list, use all of it."
    )
    assert len(found) == len(texts), "The number of rows is not the number of texts."
    for row in found:
        assert isinstance(row, dict), "Each row is a dictionary with the keys text, label and score."
        missing = {"text", "label", "score"} - set(row)
        assert not missing, f"Each row needs the keys text, label and score; missing: {', '.join(sorted(missing))}."
    return found


@pytest.mark.task("classify_texts")
@pytest.mark.points(0.5)
def test_classify_in_order(submission):
    """every text gets its row, in the order of the texts"""
    texts = [
        "A terrible, boring waste of an evening.",
        "Simply delicious, and the staff were lovely!",
        "I loved it.",
        "Disgusting. Never again.",
        "The best meal of my life.",
    ]
    rows = rows_of(submission.classify_texts(texts), texts)
    found = [row["text"] for row in rows]
    assert sorted(map(str, found)) == sorted(texts), "Put each text itself into its row, unchanged."
    assert found == texts, "Keep the order of the texts."
    wanted = ["NEGATIVE", "POSITIVE", "POSITIVE", "NEGATIVE", "POSITIVE"]
    assert [row["label"] for row in rows] == wanted, "A label does not belong to the text beside it."


@pytest.mark.task("classify_texts")
@pytest.mark.points(0.5)
def test_classify_scores(submission):
    """the score is that of the label in the same row"""
    texts = [
        "I hated it.",
        "What a delightful little place.",
        "It was neither here nor there.",
        "An insult to all cooks.",
    ]
    rows = rows_of(submission.classify_texts(texts), texts)
    assert all(isinstance(row["score"], (float, np.floating)) for row in rows), "The score is a plain number, a float."
    scores = [float(row["score"]) for row in rows]
    assert max(scores) <= 1, "A score is a share of 1, not a percentage."
    assert min(scores) >= 0.5, "With two labels the winner has at least 0.5: take the score of the label in this row."
    alone = [float(rows_of(submission.classify_texts([text]), [text])[0]["score"]) for text in texts]
    assert close(scores, alone, 1e-3), "A text's score must be its own: it changed with the texts beside it."
    assert len(set(scores)) == len(texts), (
        "Different texts hardly have the same score: take it from the classifier, unrounded."
    )


@pytest.mark.task("classify_texts")
@pytest.mark.points(0.25)
def test_classify_repeats(submission):
    """equal texts get a row each"""
    texts = ["Cold soup, rude waiter.", "Superb!", "Cold soup, rude waiter.", "Superb!", "Superb!"]
    found = submission.classify_texts(texts)
    assert not (isinstance(found, list) and len(found) == len(set(texts))), (
        "Equal texts each need a row of their own: a dictionary or a set keeps only one of them."
    )
    assert [row["text"] for row in rows_of(found, texts)] == texts, "Keep the order of the texts."


@pytest.mark.task("classify_texts")
@pytest.mark.points(0.25)
def test_classify_tuple(submission):
    """a tuple of texts is as good as a list"""
    hint = "The classifier takes a tuple of two for one pair of texts: make a list of it first."
    pair = ("A dreadful dinner.", "A splendid lunch!")
    found = ask(submission.classify_texts, pair, hint=hint)
    assert isinstance(found, list) and len(found) == 2, hint
    assert [row["label"] for row in rows_of(found, pair)] == ["NEGATIVE", "POSITIVE"], hint


@pytest.mark.task("classify_texts")
@pytest.mark.points(0.25)
def test_classify_nothing(submission):
    """no text, no row"""
    hint = "An empty list has an empty list as its answer; the classifier refuses it."
    assert ask(submission.classify_texts, [], hint=hint) == [], "An empty list has an empty list as its answer."


@pytest.mark.task("classify_texts")
@pytest.mark.points(0.25)
def test_classify_long_text(submission):
    """a text that is longer than the model can read"""
    texts = ["Lovely.", "Everything was excellent, from the bread to the coffee. " * 70, "Awful."]
    hint = "One text is longer than the model can read: ask the classifier for truncation."
    rows = rows_of(ask(submission.classify_texts, texts, hint=hint), texts)
    assert rows[1]["text"] == texts[1], "Put the whole text into its row, even where only its beginning was read."
    labels = [row["label"] for row in rows]
    assert labels[0] == "POSITIVE" and labels[2] == "NEGATIVE", "Beside a long text, the short ones get wrong labels."
    assert labels[1] in ("POSITIVE", "NEGATIVE"), "A long text gets a label like any other."


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
@pytest.mark.points(0.5)
def test_scores_two_labels(submission):
    """two labels, several texts"""
    logits = np.random.default_rng(11).normal(scale=2, size=(6, 2)).astype(np.float32)
    check_scores(submission.scores_from_logits(logits, ["bad", "good"]), logits, ["bad", "good"])


@pytest.mark.task("scores_from_logits")
@pytest.mark.points(0.5)
def test_scores_many_labels(submission):
    """more labels than texts"""
    labels = ["news", "sport", "food", "travel", "money", "art", "law"]
    logits = np.random.default_rng(12).normal(scale=1.5, size=(3, len(labels)))
    check_scores(submission.scores_from_logits(logits, labels), logits, labels)


@pytest.mark.task("scores_from_logits")
@pytest.mark.points(0.75)
def test_scores_large_logits(submission):
    """large logits of either sign do not overflow"""
    labels = ["a", "b", "c"]
    logits = np.array(
        [[9990.0, 9992.0, 9991.0], [-9999.0, -9998.5, -9999.5], [-10000.0, 0.0, 10000.0], [0.3, 0.1, 0.2]]
    )
    check_scores(submission.scores_from_logits(logits, labels), logits, labels)


@pytest.mark.task("scores_from_logits")
@pytest.mark.points(0.25)
def test_scores_one_label(submission):
    """a single label has the whole share"""
    logits = np.array([[-2.5], [4.0]])
    check_scores(submission.scores_from_logits(logits, ["only"]), logits, ["only"])


# ---- sentence_vectors ------------------------------------------------------------------------------------------------


def check_vectors(found, hidden, mask):
    """Compare with the masked mean, and name the usual mistakes."""
    weights = mask[:, :, None]
    wanted = (hidden * weights).sum(axis=1) / np.maximum(weights.sum(axis=1), 1)
    found = np.asarray(found, dtype=float)
    assert found.shape == wanted.shape, "Return an array of shape (sentences, numbers)."
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
@pytest.mark.points(0.5)
def test_vectors_padding_behind(submission):
    """padding behind the tokens does not count"""
    hidden, mask = some_hidden(21, [[1, 1, 1, 1, 1, 0], [1, 0, 0, 0, 0, 0], [1, 1, 1, 0, 0, 0], [1, 1, 1, 1, 1, 1]])
    check_vectors(submission.sentence_vectors(hidden, mask), hidden, mask)


@pytest.mark.task("sentence_vectors")
@pytest.mark.points(0.5)
def test_vectors_padding_in_front(submission):
    """padding in front of the tokens does not count"""
    hidden, mask = some_hidden(22, [[0, 0, 0, 0, 1], [0, 0, 1, 1, 1], [1, 1, 1, 1, 1]])
    check_vectors(submission.sentence_vectors(hidden, mask), hidden, mask)


@pytest.mark.task("sentence_vectors")
@pytest.mark.points(0.5)
def test_vectors_no_token(submission):
    """a sentence without a token gets zeros"""
    hidden, mask = some_hidden(23, [[1, 1, 0, 0], [0, 0, 0, 0], [0, 1, 1, 1]])
    check_vectors(submission.sentence_vectors(hidden, mask), hidden, mask)


@pytest.mark.task("sentence_vectors")
@pytest.mark.points(0.5)
def test_vectors_of_one_sentence(submission):
    """one sentence stays one row"""
    hidden, mask = some_hidden(24, [[1, 1, 0]])
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
@pytest.mark.points(0.5)
def test_search_ranking(submission):
    """the nearest by direction come first, however long the vectors are"""
    generator = np.random.default_rng(31)
    query, vectors = generator.normal(size=8), generator.normal(size=(20, 8)) * generator.uniform(0.1, 20, size=(20, 1))
    check_search(submission.search(query, vectors, 4), query, vectors, 4)
    check_search(submission.search(query, vectors, 20), query, vectors, 20)


@pytest.mark.task("search")
@pytest.mark.points(0.25)
def test_search_ties(submission):
    """fewer documents than k; of equals the first comes first"""
    query = np.array([1.0, 0.0, 0.0])
    vectors = np.array([[0.0, 1.0, 0.0], [2.0, 0.0, 0.0], [0.0, 0.0, 3.0], [4.0, 0.0, 0.0], [-1.0, 0.0, 0.0]])
    check_search(submission.search(query, vectors, 7), query, vectors, 7)
    check_search(submission.search(query, vectors, 1), query, vectors, 1)
    many = np.eye(3)[np.random.default_rng(32).integers(0, 3, size=60)] * 2.0
    check_search(submission.search(query, many, 40), query, many, 40)


@pytest.mark.task("search")
@pytest.mark.points(0.25)
def test_search_zeros(submission):
    """vectors of nothing but zeros"""
    query, vectors = np.array([1.0, 2.0]), np.array([[-1.0, -2.0], [0.0, 0.0], [3.0, 6.0]])
    check_search(submission.search(query, vectors, 3), query, vectors, 3)
    check_search(submission.search(0 * query, vectors, 3), 0 * query, vectors, 3)


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


LONG = "There was once a miller who had three sons, and when he came to die he called them to his bed and said that"


def told_at(submission, beginning, temperatures, count, seed):
    """What the learner's function returns, after its form was checked."""
    hint = "At temperature 0 ask for do_sample=False; and bound what is added, by max_new_tokens, not by max_length."
    found = ask(submission.stories_at, beginning, temperatures, count, seed, hint=hint)
    check_told(found, temperatures, count, beginning)
    return found


@pytest.mark.task("stories_at")
@pytest.mark.points(0.5)
def test_stories_seed(submission):
    """the seed decides, and nothing else does"""
    both = told_at(submission, "A little bird", [1.3, 0.9], 4, 11)
    assert len(set(both[1.3]["texts"])) > 1, "All texts at one temperature are the same: sample, in one call for all."
    assert both == told_at(submission, "A little bird", [1.3, 0.9], 4, 11), (
        "The same call returned other texts: set the seed."
    )
    turned = told_at(submission, "A little bird", [0.9, 1.3], 4, 11)
    assert both == turned, "A temperature's texts depend on the temperatures before it: set the seed before each one."
    other = told_at(submission, "A little bird", [1.3], 4, 12)
    assert other[1.3]["texts"] != both[1.3]["texts"], "Another seed gave the same texts: is it the seed that was set?"


@pytest.mark.task("stories_at")
@pytest.mark.points(0.25)
def test_stories_temperature(submission):
    """cold is sure, hot is varied"""
    found = told_at(submission, LONG, [0, 0.001, 3.0], 4, 2)
    assert len(set(found[0]["texts"])) == 1, "At temperature 0 all texts are the same one: there is no chance in it."
    assert found[0.001]["texts"] == found[0]["texts"], (
        "At a very low temperature nothing but the likeliest token is left: is the temperature passed on?"
    )
    assert found[3.0]["variety"] > found[0]["variety"], (
        "At a high temperature the words should be more varied: is the temperature passed on?"
    )


@pytest.mark.task("stories_at")
@pytest.mark.points(0.25)
def test_stories_length(submission):
    """20 tokens are added, however long the beginning is, or none where the story is over"""
    from transformers import AutoTokenizer

    from course_utils import checkpoint

    tokenizer = AutoTokenizer.from_pretrained(checkpoint("storyteller"))
    for beginning in ("Once", LONG):
        texts = told_at(submission, beginning, [0], 1, 3)[0]["texts"]
        assert len(tokenizer(texts[0])["input_ids"]) == 20, "A continuation has 20 new tokens, unless the story ends."
    hint = "A story may end at once: without any word the variety is 0.0."
    over = ask(submission.stories_at, "They lived happily ever after. The end.", [0], 2, 3, hint=hint)
    assert over == {0: {"texts": ["", ""], "variety": 0.0}}, hint


# ---- scores_by_hand --------------------------------------------------------------------------------------------------


def shares_of(found, count):
    """The scores as an array, after their form was checked."""
    shares = np.asarray(found, dtype=float)
    assert shares.shape == (count, 2), "Return an array of shape (texts, labels)."
    assert not ((shares < 0) | (shares > 1)).any(), "Scores lie between 0 and 1: these look like logits."
    assert close(shares.sum(axis=1), np.ones(count)), (
        "The scores of one text must add up to 1: over which dimension does the softmax go?"
    )
    return shares


@pytest.mark.task("scores_by_hand")
@pytest.mark.points(0.5)
def test_by_hand_shares(submission):
    """the scores of each text add up to 1"""
    texts = ["Hopeless.", "What a treat!", "Never again, thank you."]
    shares_of(submission.scores_by_hand(texts), 3)
    shares_of(submission.scores_by_hand(texts[:1]), 1)


@pytest.mark.task("scores_by_hand")
@pytest.mark.points(0.5)
def test_by_hand_labels(submission):
    """the columns are in the order of id2label"""
    texts = ["A delicious, generous, beautiful lunch.", "Horrible food and a horrible smell.", "We loved it all!"]
    shares = shares_of(submission.scores_by_hand(texts), 3)
    hint = "The columns are in the order of id2label, and each row belongs to its text."
    assert (shares.argmax(axis=1) == [1, 0, 1]).all(), hint


@pytest.mark.task("scores_by_hand")
@pytest.mark.points(1)
def test_by_hand_neighbours(submission):
    """a text has the same scores whoever stands beside it"""
    texts = [
        "Okay.",
        "So so.",
        "It was what it was.",
        "Somebody else wrote at great length about the weather and the trains, " * 4,
    ]
    hint = "The texts differ in length: the tokenizer must still pad them."
    together = shares_of(ask(submission.scores_by_hand, texts, hint=hint), 4)
    alone = np.concatenate([shares_of(submission.scores_by_hand([text]), 1) for text in texts])
    assert np.ptp(alone[:, 1]) > 1e-3, "Different texts hardly have the same scores: compute them with the model."
    assert close(together, alone, 1e-4), (
        "A short text changes its scores beside a long one: the model reads the padding. Give it the attention mask."
    )
