"""Public checks of Day 8: `check("…")` runs them; each assertion message is the hint."""

import numpy as np
import pytest

TYPES = ["PER", "ORG", "LOC", "MISC"]


def mapping(found, names):
    """Assert that something is a dictionary with these keys."""
    assert isinstance(found, dict), "A dictionary is wanted, with the keys that the task names."
    missing = [name for name in names if name not in found]
    assert not missing, f"The dictionary lacks what the task asks for; missing: {', '.join(missing)}."


def is_whole(value):
    """True for a whole number that is no truth value."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


# ---- extract_entities ------------------------------------------------------------------------------------------------


def check_names(found, texts):
    """The form of the answer, and that every name stands where it says; returns the names as (type, text)."""
    assert isinstance(found, (list, tuple)) and len(found) == len(texts), (
        "Return a list with an entry for each text, in their order."
    )
    for names, text in zip(found, texts):
        assert isinstance(names, (list, tuple)), "The entry of a text is a list, empty where there is no name."
        for name in names:
            mapping(name, ["type", "text", "start", "end"])
            start, end = name["start"], name["end"]
            assert is_whole(start) and is_whole(end), "start and end are whole numbers: characters of the text."
            assert name["type"] in TYPES, "A type is PER, ORG, LOC or MISC, without B- or I-."
            assert name["text"] == text[start:end] or name["text"].lower() != text[start:end].lower(), (
                "Take the name from the text itself: the tokens have lost the capitals."
            )
            assert name["text"] == text[start:end], (
                "text, start and end do not fit each other: the name is text[start:end], with its own spaces and marks."
            )
            edges = [i for i in (start, end) if 0 < i < len(text)]
            assert not any(text[i - 1 : i + 1].isalnum() for i in edges), (
                "A name begins or ends inside a word: let each word be judged by its first piece."
            )
        starts = [name["start"] for name in names]
        assert starts == sorted(starts), "The names of a text come from left to right."
    return [[(name["type"], name["text"]) for name in names] for names in found]


def check_clear_names(found, texts, wanted):
    """That the names in texts without any doubt are found, and nothing else."""
    named = check_names(found, texts)
    for names, right in zip(named, wanted):
        whole = {text for _, text in right}
        parts = [text for _, text in names if text not in whole and any(text in one for one in whole)]
        assert not parts, "A name of several words is one name: do not give its words one by one."
        assert not set(right) - set(names), "A name that nobody would doubt is missing, or has another type."
        assert names == right, "There is more in an answer than the names, or one of them twice."


# ---- spans_of_tags ---------------------------------------------------------------------------------------------------


def check_form_of_spans(found):
    """The form of a list of spans; returns them as plain lists."""
    assert isinstance(found, (list, tuple)) and all(isinstance(one, (list, tuple)) for one in found), (
        "Return a list of spans, each a list with a type, a start and an end."
    )
    assert all(len(one) == 3 for one in found), "A span has three parts: type, start and end."
    assert all(isinstance(one[0], str) and is_whole(one[1]) and is_whole(one[2]) for one in found), (
        "A span is a type and two whole numbers, in this order."
    )
    assert not any(one[0][:2] in ("B-", "I-") for one in found), "The type of a span has no B- or I- in front."
    return [[one[0], int(one[1]), int(one[2])] for one in found]


SPAN_HINTS = {
    "last": "The end of a span is the word after its last, as in Python: not the last word itself.",
    "begin": "A B- always begins a new span, also right behind a name of the same type.",
    "type": "An I- of another type does not go on with the span before it: it begins a new one.",
    "kindly": "An I- with nothing to go on from begins a span as well: do not drop it.",
    "end of the sentence": "A name that reaches to the end of the sentence is lost: close it after the loop.",
    "hyphen": "A type may have a hyphen in it: split a tag at its first hyphen only.",
    "hyphen at the end": "A type may have a hyphen in it: split a tag at its first hyphen only.",
    "gap": "An I- after a gap does not go on with the name before the gap: it begins a new span.",
}


def check_spans(found, wanted, mistakes):
    """Compare with the spans that are wanted, and name the usual mistakes by what they give."""
    found = check_form_of_spans(found)
    for mistake, spans in mistakes.items():
        assert found != spans, SPAN_HINTS[mistake]
    assert found == wanted or sorted(found) != sorted(wanted), "The spans come from left to right."
    assert found == wanted, "These are not the spans of the tags: read the three rules again."


# ---- label_pieces ----------------------------------------------------------------------------------------------------


def check_labels(found, offsets, spans, labels):
    """Compare piece by piece with what the spans say, and name the usual mistakes."""
    if hasattr(found, "tolist"):
        found = found.tolist()
    assert isinstance(found, (list, tuple)) and len(found) == len(offsets), "Return one number for each piece."
    assert all(is_whole(one) for one in found), "A label is a whole number: its place in the list of labels."
    found = [int(one) for one in found]
    assert all(-len(labels) < one < len(labels) or one == -100 for one in found), (
        "A number is no place in the list of labels, and not -100 either."
    )
    wanted = []
    for start, end in offsets:
        if start == end:
            wanted.append("special")
            continue
        inside = [span for span in spans if set(range(start, end)) & set(range(span["start"], span["end"]))]
        name = "O"
        if inside:
            span = inside[0]
            shared = [i for i, (a, b) in enumerate(offsets) if max(a, span["start"]) < min(b, span["end"])]
            name = ("B-" if len(wanted) == shared[0] else "I-") + span["type"]
        wanted.append(name)
    for one, name, (start, end) in zip(found, wanted, offsets):
        if name == "special":
            assert one == -100, "Special tokens and padding get -100: their offsets are (0, 0)."
            continue
        assert one != -100, "-100 is for special tokens and padding only: here every other piece has a label."
        given = labels[one]
        assert one >= 0, "Count the labels from the front of their list."
        if name == "O":
            assert (
                given == "O"
                or any(span["start"] <= start and end <= span["end"] for span in spans)
                or not any(span["start"] == end or span["end"] == start for span in spans)
            ), "A piece that only touches a span is O: the end of a span is the character after its last."
            assert given == "O", "A piece without a marked character has the number of O, wherever O stands."
        assert given != "O" or not any(
            start < span["start"] or span["end"] < end
            for span in spans
            if max(start, span["start"]) < min(end, span["end"])
        ), "A piece of which only a part is marked belongs to the span as well."
        assert given != "O" or name == "O", "A marked piece is O: every span counts, in whatever order they come."
        assert given[2:] == name[2:], "A label has the type of its own span, and its number is its place in the list."
        assert given[0] == name[0] or name[0] != "B", "A span's first piece gets B-, also right behind another span."
        assert given[0] == name[0], "Only the first piece of a span begins it: the further ones get I-."


# ---- entity_scores ---------------------------------------------------------------------------------------------------


def f1_of(there, given):
    """F1 of two sets, 0.0 where both are empty."""
    return 2 * len(there & given) / (len(there) + len(given)) if there or given else 0.0


def check_scores(found, gold, given):
    """Compare all measures, and name the usual mistakes."""
    mapping(found, ["precision", "recall", "f1", "by_type"])
    assert isinstance(found["by_type"], dict), "by_type is a dictionary: a type, and its F1."
    numbers = [found["precision"], found["recall"], found["f1"], *found["by_type"].values()]
    assert all(isinstance(one, (int, float, np.number)) and not isinstance(one, bool) for one in numbers), (
        "Each measure is one number."
    )
    assert not any(np.isnan(float(one)) for one in numbers), "Where there is nothing to divide by, the value is 0.0."
    there = {(i, *span) for i, spans in enumerate(gold) for span in spans}
    model = {(i, *span) for i, spans in enumerate(given) for span in spans}
    right = len(there & model)
    precision, recall = right / max(1, len(model)), right / max(1, len(there))
    close = {
        "precision": np.isclose(found["precision"], precision),
        "recall": np.isclose(found["recall"], recall),
        "f1": np.isclose(found["f1"], f1_of(there, model)),
    }
    flat_there, flat_model = ({entity[1:] for entity in one} for one in (there, model))
    untyped_there, untyped_model = ({(i, *span) for i, _, *span in one} for one in (there, model))
    words_there, words_model = (
        {(i, kind, word) for i, kind, start, end in one for word in range(start, end)} for one in (there, model)
    )
    kinds = {kind for _, kind, *_ in there | model}
    of = {kind: f1_of(*({one for one in group if one[1] == kind} for group in (there, model))) for kind in kinds}
    rows = [(set(map(tuple, one)), set(map(tuple, other))) for one, other in zip(gold, given)]
    touching = sum(
        any(i == j and kind == other and start < until and begin < end for j, other, begin, until in there)
        for i, kind, start, end in model
    )
    mistakes = {
        "A span is right only in its own sentence: the same numbers in another sentence are another span.": f1_of(
            flat_there, flat_model
        ),
        "The type must be the same as well, not only the place.": f1_of(untyped_there, untyped_model),
        "Count whole spans, not words.": f1_of(words_there, words_model),
        "Nearly is not right: both edges must be the same, not only overlap.": 2
        * touching
        / max(1, len(there) + len(model)),
        "f1 is counted over all spans together: it is not the mean over the types.": sum(of.values()) / max(1, len(of)),
        "f1 is counted over all sentences together: it is not the mean over the sentences.": sum(
            f1_of(*row) for row in rows
        )
        / max(1, len(rows)),
    }
    assert not (
        not close["precision"] and np.isclose(found["precision"], recall) and np.isclose(found["recall"], precision)
    ), "Precision divides by what the model gave, recall by what is there: here they have changed places."
    for hint, value in mistakes.items():
        assert close["f1"] or not np.isclose(found["f1"], value), hint
    assert close["f1"] or not np.isclose(found["f1"], (precision + recall) / 2), (
        "F1 is no plain mean of precision and recall: it is 2 · right / (given + there)."
    )
    assert close["precision"], "Precision: of the spans that the model gave, the share that is right."
    assert close["recall"], "Recall: of the spans that are there, the share that was found."
    assert close["f1"], "F1 is 2 · right / (given + there), over all sentences."
    assert set(found["by_type"]) >= {kind for _, kind, *_ in there}, "by_type lacks a type that is there."
    assert set(found["by_type"]) >= kinds, "by_type needs the types that only the model gave as well: their F1 is 0.0."
    assert set(found["by_type"]) == kinds, "by_type has a type that occurs nowhere."
    assert all(np.isclose(found["by_type"][kind], value) for kind, value in of.items()), (
        "The F1 of a type counts the spans of this type only, in gold and in found."
    )


# ---- tags_of_words ---------------------------------------------------------------------------------------------------


def best(logits, place, labels):
    """The label that is highest at one place."""
    return labels[int(np.argmax(logits[place]))]


def check_words(found, logits, word_ids, labels, count):
    """Compare with the label at each word's first piece, and name the usual mistakes."""
    assert isinstance(found, (list, tuple)), "Return a list of tags."
    found = list(found)
    assert all(isinstance(one, str) for one in found), "A tag is a label's name, not its number."
    places = {word: [i for i, one in enumerate(word_ids) if one == word] for word in range(count)}
    wanted = [best(logits, places[word][0], labels) if places[word] else "O" for word in range(count)]
    packed = [tag for word, tag in enumerate(wanted) if places[word]]
    assert found == wanted or len(found) == len(wanted) or found != packed, (
        "A word without any piece gets O, in its place: the tags of the words behind it must not move up."
    )
    assert len(found) == count, "Return one tag for each word: special tokens, padding and further pieces have none."
    last = [best(logits, places[word][-1], labels) if places[word] else "O" for word in range(count)]
    pieces = [i for i, word in enumerate(word_ids) if word is not None]
    shifted, shifted_first = ["O"] * count, {}
    for place, i in enumerate(pieces):
        shifted[word_ids[i]] = best(logits, place, labels)
        shifted_first.setdefault(word_ids[i], best(logits, place, labels))
    moved = [shifted_first.get(word, "O") for word in range(count)]
    assert found == wanted or found not in (shifted, moved), (
        "The logits have a row for special tokens too: leave out both or none, or every word gets its neighbour's tag."
    )
    assert found == wanted or found != last, "A word is read at its first piece: here a later one wins."
    means = [
        labels[int(np.argmax(np.mean([logits[i] for i in places[word]], axis=0)))] if places[word] else "O"
        for word in range(count)
    ]
    assert found == wanted or found != means, "Read the first piece alone, not the mean of all pieces."
    assert found == wanted or all(found[word] == wanted[word] for word in range(count) if places[word]), (
        "A word does not have the label that is highest at its first piece."
    )
    assert found == wanted, "A word without any piece gets O."


def row_of(word_ids, labels, chance):
    """Logits for such a row, so that the pieces of a word, special tokens and padding disagree."""
    logits = chance.normal(size=(len(word_ids), len(labels))).astype("float32")
    turns = chance.permutation(len(labels))
    for place in range(len(word_ids)):
        logits[place, turns[place % len(labels)]] += 6
    return logits


@pytest.mark.task("extract_entities")
def test_names_found(submission):
    """the names of several texts are found, with their types"""
    texts = ["John works at Google in New York.", "The soup was cold.", "Paris is the capital of France."]
    wanted = [[("PER", "John"), ("ORG", "Google"), ("LOC", "New York")], [], [("LOC", "Paris"), ("LOC", "France")]]
    check_clear_names(submission.extract_entities(texts, 0.0), texts, wanted)


@pytest.mark.task("extract_entities")
def test_names_as_they_stand(submission):
    """each name is taken from the text as it stands, and no word is cut"""
    texts = [
        "Ilse Varga moved from Tallinn to the University of Windhoek.",
        "Gwendolyn Featherstonehaugh sang at Llandudno.",
    ]
    named = check_names(submission.extract_entities(texts, 0.0), texts)
    assert any(named), "These texts have names, and none came back."


@pytest.mark.task("extract_entities")
def test_names_least(submission):
    """names with too low a score are left out; no text, no answer"""
    texts = ["John works at Google in New York."]
    assert check_names(submission.extract_entities(texts, 1.1), texts) == [[]], (
        "No score is above 1: with least above it, no name is left."
    )
    assert list(submission.extract_entities([], 0.5)) == [], "An empty list of texts gives an empty list."


@pytest.mark.task("spans_of_tags")
def test_spans_example(submission):
    """the example of the task comes out"""
    found = submission.spans_of_tags(["B-PER", "I-PER", "O", "I-LOC", "B-LOC"])
    mistakes = {
        "last": [["PER", 0, 1], ["LOC", 3, 3], ["LOC", 4, 4]],
        "begin": [["PER", 0, 2], ["LOC", 3, 5]],
        "kindly": [["PER", 0, 2], ["LOC", 4, 5]],
        "end of the sentence": [["PER", 0, 2], ["LOC", 3, 4]],
    }
    check_spans(found, [["PER", 0, 2], ["LOC", 3, 4], ["LOC", 4, 5]], mistakes)
    check_spans(submission.spans_of_tags(["O", "O"]), [], {})
    check_spans(submission.spans_of_tags([]), [], {})


@pytest.mark.task("spans_of_tags")
def test_spans_rules(submission):
    """a name of another type, an I- after a gap, and a type with a hyphen"""
    found = submission.spans_of_tags(["B-PER", "I-LOC", "O"])
    check_spans(found, [["PER", 0, 1], ["LOC", 1, 2]], {"type": [["PER", 0, 2]], "kindly": [["PER", 0, 1]]})
    found = submission.spans_of_tags(["B-LOC", "O", "I-LOC", "I-LOC", "O"])
    mistakes = {"gap": [["LOC", 0, 4]], "kindly": [["LOC", 0, 1]], "last": [["LOC", 0, 0], ["LOC", 2, 3]]}
    check_spans(found, [["LOC", 0, 1], ["LOC", 2, 4]], mistakes)
    found = submission.spans_of_tags(["O", "B-WORK-OF-ART", "I-WORK-OF-ART", "I-WORK-OF-FICTION"])
    mistakes = {
        "hyphen": [["WORK", 1, 4]],
        "hyphen at the end": [["ART", 1, 3], ["FICTION", 3, 4]],
        "type": [["WORK-OF-ART", 1, 4]],
    }
    check_spans(found, [["WORK-OF-ART", 1, 3], ["WORK-OF-FICTION", 3, 4]], mistakes)


LABELS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]


@pytest.mark.task("label_pieces")
def test_labels_example(submission):
    """the example of the task comes out"""
    offsets, spans = [(0, 0), (0, 2), (2, 4), (5, 9), (0, 0)], [{"type": "PER", "start": 0, "end": 4}]
    check_labels(submission.label_pieces(offsets, spans, LABELS[:3]), offsets, spans, LABELS[:3])


@pytest.mark.task("label_pieces")
def test_labels_edges(submission):
    """neighbours, padding, pieces that are partly marked, and labels in another order"""
    offsets = [(0, 0), (0, 3), (4, 6), (6, 9), (9, 10), (11, 16), (17, 20), (0, 0), (0, 0)]
    spans = [{"type": "LOC", "start": 11, "end": 16}, {"type": "PER", "start": 4, "end": 8}]
    for labels in (LABELS, LABELS[::-1]):
        check_labels(submission.label_pieces(offsets, spans, labels), offsets, spans, labels)
    spans = [{"type": "LOC", "start": 4, "end": 9}, {"type": "LOC", "start": 9, "end": 16}]
    check_labels(submission.label_pieces(offsets, spans, LABELS), offsets, spans, LABELS)


@pytest.mark.task("entity_scores")
def test_scores_example(submission):
    """the example of the task comes out"""
    gold, found = [[["PER", 0, 2], ["LOC", 4, 5]]], [[["PER", 0, 2], ["LOC", 3, 5]]]
    check_scores(submission.entity_scores(gold, found), gold, found)


@pytest.mark.task("entity_scores")
def test_scores_several(submission):
    """several sentences, wrong types, and names that are not there"""
    gold = [
        [["PER", 0, 2], ["LOC", 4, 5]],
        [["ORG", 1, 3]],
        [["LOC", 0, 1], ["LOC", 2, 3], ["PER", 5, 6], ["MISC", 8, 9]],
        [],
    ]
    found = [[["PER", 0, 2], ["ORG", 4, 5]], [["LOC", 4, 5], ["ORG", 1, 3]], [["LOC", 0, 1]], [["MISC", 0, 1]]]
    check_scores(submission.entity_scores(gold, found), gold, found)


@pytest.mark.task("entity_scores")
def test_scores_nothing(submission):
    """where there is nothing to divide by, the value is 0.0"""
    for gold, found in ([[], []], [[], []]), ([[["PER", 0, 1]]], [[]]), ([[]], [[["PER", 0, 1]]]):
        check_scores(submission.entity_scores(gold, found), gold, found)


@pytest.mark.task("tags_of_words")
def test_words_in_place(submission):
    """each word gets the tag of its own first piece"""
    chance = np.random.default_rng(1)
    for word_ids in ([None, 0, 1, 2, None], [None, 0, 0, 1, 2, 2, 2, 3, None]):
        logits, count = row_of(word_ids, LABELS, chance), max(one for one in word_ids if one is not None) + 1
        check_words(submission.tags_of_words(logits, word_ids, LABELS, count), logits, word_ids, LABELS, count)


@pytest.mark.task("tags_of_words")
def test_words_without_pieces(submission):
    """padding has no tag, and a word without a piece is O"""
    chance = np.random.default_rng(2)
    for word_ids, count in (([None, 0, 0, 2, 2, None, None, None], 3), ([None, 0, 1, 1, None], 4)):
        logits = row_of(word_ids, LABELS, chance)
        check_words(submission.tags_of_words(logits, word_ids, LABELS, count), logits, word_ids, LABELS, count)
