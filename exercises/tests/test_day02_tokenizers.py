"""Public checks of Day 2: `check("…")` runs them; each assertion message is the hint."""

import itertools
from collections import Counter

import numpy as np
import pytest

CLS, SEP, PAD = 101, 102, 0
VOCABULARY = """
    .=1012 ?=1029 a=1037 all=2035 an=2019 and=1998 behind=2369 book=2338 bread=7852 church=2277 cold=3147 day=2154
    did=2106 eat=4521 friend=2767 garden=3871 good=2204 hot=2980 hour=3178 how=2129 in=1999 it=2009 left=2187
    much=2172 my=2026 rained=28270 soup=11350 the=1996 very=2200 waited=4741 waiter=15610 was=2001 we=2057
    what=2054 where=2073 you=2017
"""
# The ids of these words in the vocabulary of bert-base-uncased, which every learner's tokenizer has.
IDS = {word: int(number) for word, number in (entry.split("=") for entry in VOCABULARY.split())}


def ids_of(text):
    """The ids of words that are one piece each, without special tokens."""
    return [IDS[word] for word in text.lower().split()]


def ask(function, *arguments, hint):
    """Call the learner's function; if it raises, the hint says what to think of."""
    try:
        return function(*arguments)
    except AssertionError as error:
        assert " raised " not in str(error), f"{hint} ({error})"
        raise


def rows_in(found, names, count):
    """The named tables of whole numbers of a batch, as lists, after their form was checked."""
    assert isinstance(found, dict), "Return a dictionary with a table for each key that the task names."
    missing = [name for name in names if name not in found]
    assert not missing, f"The dictionary lacks what the task asks for; missing: {', '.join(missing)}."
    tables = []
    for name in names:
        table = found[name].tolist() if hasattr(found[name], "tolist") else found[name]
        assert isinstance(table, (list, tuple)) and all(isinstance(row, (list, tuple)) for row in table), (
            "A table is a list with a list of whole numbers for each row."
        )
        assert len(table) == count, "A table needs one row for each text, in their order."
        tables.append([list(row) for row in table])
    assert len({len(row) for table in tables for row in table}) == 1, (
        "All rows of a batch are equally long: ask the tokenizer for padding."
    )
    return tables


# ---- encode_batch ----------------------------------------------------------------------------------------------------


def check_batch(found, texts, limit):
    """Compare ids, mask and cuts with what the texts must give, and name the usual mistakes."""
    ids, mask = rows_in(found, ["input_ids", "attention_mask"], len(texts))
    whole = [[CLS, *ids_of(text), SEP] for text in texts]
    kept = [row if len(row) <= limit else [*row[: limit - 1], SEP] for row in whole]
    width = max(map(len, kept))
    assert len(ids[0]) <= limit, "A row has more places than max_length: ask for truncation."
    assert len(ids[0]) <= width, "Fill up to the longest row of this batch, not always to max_length."
    assert len(ids[0]) == width, "The longest text does not get all the places that it may have."
    assert all(SEP in row for row in ids), "A row has lost its [SEP]: let the tokenizer do the cutting."
    assert ids == [row + [PAD] * (width - len(row)) for row in kept], "These are not the ids of the texts."
    assert mask == [[1] * len(row) + [0] * (width - len(row)) for row in kept], (
        "The attention mask is 1 for a token and 0 for padding."
    )
    assert "cut" in found, "The dictionary needs the key cut."
    cut, wanted = list(found["cut"]), [len(row) > limit for row in whole]
    assert len(cut) == len(texts) and all(isinstance(one, (bool, np.bool_)) for one in cut), (
        "cut is a list of True and False, one for each text."
    )
    assert not (cut != wanted and cut == [not one for one in wanted]), "True means that something was left out."
    assert cut != [len(row) >= limit for row in whole] or cut == wanted, "A text that fits exactly is not cut."
    assert cut != [len(row) - 2 > limit for row in whole] or cut == wanted, (
        "The special tokens take up places too: count them when you look whether a text fits."
    )
    assert cut == wanted, "cut does not say of each text whether something was left out."


@pytest.mark.task("encode_batch")
def test_batch_in_order(submission):
    """every text gets its row, filled up to the longest"""
    texts = ["We waited .", "The soup was cold and the waiter left .", "All day it rained ."]
    check_batch(submission.encode_batch(texts, 20), texts, 20)


@pytest.mark.task("encode_batch")
def test_batch_cut(submission):
    """what is too long is cut, and cut says so"""
    texts = ["The soup was hot .", "The soup was very hot .", "The soup was very very hot ."]
    check_batch(submission.encode_batch(texts, 8), texts, 8)


# ---- tokens_of_span --------------------------------------------------------------------------------------------------


def check_span(found, offsets, start, end):
    """Compare with the tokens that share a character, and name the usual mistakes."""
    assert isinstance(found, (list, tuple)), "Return a list of positions."
    found = list(found)
    assert all(isinstance(one, (int, np.integer)) and not isinstance(one, bool) for one in found), (
        "A position is a whole number: the place of the token in the list."
    )
    wanted = [i for i, (a, b) in enumerate(offsets) if set(range(a, b)) & set(range(start, end))]
    if found == wanted:
        return
    extra, missed = set(found) - set(wanted), set(wanted) - set(found)
    assert not any(offsets[i][0] == offsets[i][1] for i in extra if 0 <= i < len(offsets)), (
        "A special token, with the offsets (0, 0), holds no character: it never belongs to the answer."
    )
    assert start < end, "Where nothing is marked, no token is meant."
    assert not any(offsets[i][0] == end for i in extra if 0 <= i < len(offsets)), (
        "The character at `end` is not marked any more: a token that begins there does not belong to it."
    )
    assert not any(offsets[i][1] == start for i in extra if 0 <= i < len(offsets)), (
        "A token's second offset is the character after its last: one that ends where the marking starts is outside."
    )
    assert not missed, "A token that is partly marked belongs to the answer too; so do all tokens of one character."
    assert not extra, "A token without a marked character is in the answer."
    raise AssertionError("Each position once, from left to right.")


@pytest.mark.task("tokens_of_span")
def test_span_of_the_example(submission):
    """the example of the task comes out"""
    offsets = [(0, 0), (0, 3), (4, 8), (8, 9), (0, 0)]
    check_span(submission.tokens_of_span(offsets, 2, 5), offsets, 2, 5)


@pytest.mark.task("tokens_of_span")
def test_span_edges(submission):
    """at the edges, and at the very beginning"""
    offsets = [(0, 0), (0, 4), (4, 6), (7, 12), (0, 0)]
    for start, end in [(0, 4), (4, 7), (6, 7), (0, 12), (3, 3)]:
        check_span(submission.tokens_of_span(offsets, start, end), offsets, start, end)


@pytest.mark.task("tokens_of_span")
def test_span_of_bytes(submission):
    """several tokens of one character belong together"""
    offsets = [(0, 2), (2, 3), (2, 3), (2, 3), (3, 5)]
    check_span(submission.tokens_of_span(offsets, 2, 4), offsets, 2, 4)


# ---- cost_of_words ---------------------------------------------------------------------------------------------------


def check_cost(found, rows):
    """Compare the three measures, and name the usual mistakes."""
    names = ["tokens_per_word", "whole", "unknown"]
    assert isinstance(found, dict) and set(names) <= set(found), (
        "Return a dictionary with tokens_per_word, whole and unknown."
    )
    assert all(isinstance(found[name], (int, float, np.number)) for name in names), "Each measure is one number."
    groups = [
        [
            [token for token, _ in group]
            for word, group in itertools.groupby(zip(row["tokens"], row["word_ids"]), key=lambda pair: pair[1])
            if word is not None
        ]
        for row in rows
    ]
    words = [word for text in groups for word in text]
    pieces = sum(map(len, words))
    everything = sum(len(row["tokens"]) for row in rows)
    if not words:
        assert all(found[name] == 0 for name in names), "Without any word, all three measures are 0.0."
        return
    per_word, count = float(found["tokens_per_word"]), len(words)
    distinct = len({word for row in rows for word in row["word_ids"] if word is not None})
    means = np.mean([sum(map(len, text)) / len(text) for text in groups if text])
    right = pieces / count
    assert np.isclose(per_word, right) or not np.isclose(per_word, everything / count), (
        "Special tokens belong to no word: leave them out."
    )
    assert np.isclose(per_word, right) or not np.isclose(per_word, pieces / distinct), (
        "Every text numbers its words from 0: word 0 of one text is not word 0 of the next."
    )
    assert np.isclose(per_word, right) or not np.isclose(per_word, count / pieces), "Tokens a word, not words a token."
    assert np.isclose(per_word, right) or not np.isclose(per_word, means), (
        "Add up over all texts and divide once: texts differ in length."
    )
    assert np.isclose(per_word, right), "tokens_per_word is the number of tokens divided by the number of words."
    single = sum(len(word) == 1 for word in words)
    known = sum(len(word) == 1 and word != ["[UNK]"] for word in words)
    assert np.isclose(found["whole"], known / count) or not np.isclose(found["whole"], single / count), (
        "A word that became [UNK] is a single token, but not a known one: it is not whole."
    )
    assert np.isclose(found["whole"], known / count) or not np.isclose(found["whole"], known / pieces), (
        "Divide by the number of words, not of tokens."
    )
    assert np.isclose(found["whole"], known / count), "whole is the share of the words that are one known token."
    unknown = sum("[UNK]" in word for word in words)
    tokens = sum(word.count("[UNK]") for word in words)
    assert np.isclose(found["unknown"], unknown / count) or not np.isclose(found["unknown"], tokens / pieces), (
        "Divide by the number of words, not of tokens."
    )
    assert np.isclose(found["unknown"], unknown / count), "unknown is the share of the words that hold an [UNK]."


def row_of(*words):
    """A text's tokens and word ids, special tokens around them; each word is a string of pieces with spaces."""
    tokens, numbers = ["[CLS]"], [None]
    for number, word in enumerate(words):
        tokens += word.split()
        numbers += [number] * len(word.split())
    return {"tokens": [*tokens, "[SEP]"], "word_ids": [*numbers, None]}


def tables(rows):
    """The two arguments of cost_of_words."""
    return [row["tokens"] for row in rows], [row["word_ids"] for row in rows]


@pytest.mark.task("cost_of_words")
def test_cost_of_the_example(submission):
    """the example of the task comes out"""
    rows = [row_of("luke ##war ##m", "soup", "[UNK]")]
    check_cost(submission.cost_of_words(*tables(rows)), rows)


@pytest.mark.task("cost_of_words")
def test_cost_of_several_texts(submission):
    """several texts, each with words of its own"""
    rows = [row_of("hot", "soup"), row_of("un ##for ##get ##table", "[UNK]", "."), row_of("why", "?")]
    check_cost(submission.cost_of_words(*tables(rows)), rows)


@pytest.mark.task("cost_of_words")
def test_cost_of_nothing(submission):
    """without a word, everything is 0.0"""
    found = ask(submission.cost_of_words, [], [], hint="Without any word, all three measures are 0.0.")
    check_cost(found, [])


# ---- merge_step ------------------------------------------------------------------------------------------------------


def merged(words, pair):
    """The words with a pair merged from left to right."""
    result = []
    for word in words:
        rest, pieces = list(word), []
        while rest:
            taken = rest[:2] if rest[:2] == list(pair) else rest[:1]
            pieces.append("".join(taken))
            rest = rest[len(taken) :]
        result.append(pieces)
    return result


def check_merge(found, words, counts):
    """Compare pair and words, and name the usual mistakes."""
    assert isinstance(found, dict) and {"pair", "words"} <= set(found), "Return a dictionary with pair and words."
    totals, plain = Counter(), Counter()
    for word, count in zip(words, counts):
        totals.update(dict.fromkeys(zip(word, word[1:]), 0))
        for pair in zip(word, word[1:]):
            totals[pair] += count
            plain[pair] += 1
    pair, result = found["pair"], found["words"]
    if not totals:
        assert pair is None, "If no word has two pieces, the pair is None."
        assert result == words, "If no word has two pieces, the words stay as they are."
        return
    assert isinstance(pair, (list, tuple)) and len(pair) == 2, "The pair is a list of two pieces."
    pair, most = tuple(pair), max(totals.values())
    assert pair in totals, "This pair stands in no word: only neighbours within one word count."
    assert totals[pair] == most or plain[pair] != max(plain.values()), (
        "A pair counts as often as its word occurs: use counts."
    )
    assert totals[pair] == most, "This is not the most frequent pair: count it in every place, as often as its word."
    first = min(one for one in totals if totals[one] == most)
    assert pair == first, "Of several equally frequent pairs, take the one that comes first in the alphabet."
    assert isinstance(result, (list, tuple)) and len(result) == len(words), "All words come back, in their order."
    result = [list(word) for word in result]
    assert ["".join(word) for word in result] == ["".join(word) for word in words], (
        "A word lost or gained letters: merging joins pieces, it drops none, and the words keep their order."
    )
    wanted = merged(words, first)
    assert [len(one) for one in result] != [len(one) for one in words], "The pair must be merged in the words."
    left, right = first
    for now, then in zip(result, wanted):
        assert len(now) <= len(then) or (left + right) not in now, "Merge the pair wherever it stands in a word."
        assert len(now) >= len(then), "Merge only the pieces of the pair: after a merge, go on behind it."
    assert result == wanted, "Merge from left to right, wherever exactly these two pieces are neighbours."


@pytest.mark.task("merge_step")
def test_merge_counts(submission):
    """the most frequent pair is found and merged"""
    words, counts = [list("low"), list("lower"), list("wow"), list("er")], [2, 3, 1, 9]
    check_merge(submission.merge_step(words, counts), words, counts)


@pytest.mark.task("merge_step")
def test_merge_everywhere(submission):
    """wherever it stands, from left to right"""
    words, counts = [list("banana"), list("aaa"), ["an", "a", "n"]], [5, 1, 1]
    check_merge(submission.merge_step(words, counts), words, counts)
    words, counts = [list("aaa"), list("aaaa")], [3, 2]
    check_merge(submission.merge_step(words, counts), words, counts)


@pytest.mark.task("merge_step")
def test_merge_tie(submission):
    """of equally frequent pairs, the first in the alphabet"""
    words, counts = [list("to"), list("at"), list("so")], [2, 2, 1]
    check_merge(submission.merge_step(words, counts), words, counts)


@pytest.mark.task("merge_step")
def test_merge_nothing_left(submission):
    """when no word has two pieces, nothing happens"""
    words, counts = [["the"], ["a"]], [7, 9]
    hint = "If no word has two pieces, the pair is None, and the words stay as they are."
    check_merge(ask(submission.merge_step, words, counts, hint=hint), words, counts)


# ---- cut_word --------------------------------------------------------------------------------------------------------


def check_cut(found, wanted, word, vocabulary):
    """Compare with the cut of WordPiece, `wanted`, and name the usual mistakes."""
    assert isinstance(found, (list, tuple)) and all(isinstance(piece, str) for piece in found), (
        "Return a list of pieces, even for a single one."
    )
    found = list(found)
    if found == wanted:
        return
    assert word, "An empty word has no pieces: return an empty list."
    assert wanted == ["[UNK]"] or found != ["[UNK]"], "The word can be cut with this vocabulary, and became [UNK]."
    assert "[UNK]" not in found[1:], "The whole word becomes [UNK], not only the rest that does not fit."
    assert found, "No piece came back."
    assert not found[0].startswith("##"), "A word begins with a piece without ##."
    assert all(piece.startswith("##") for piece in found[1:]), "Every piece but the first has ## in front."
    bare = [piece.removeprefix("##") for piece in found]
    if "".join(bare) != word:
        assert wanted != ["[UNK]"], "Where no piece fits, the whole word becomes [UNK]; nothing is left out."
        raise AssertionError("Put together, the pieces must give the word again.")
    assert all(piece in vocabulary for piece in found), (
        "A piece is not in the vocabulary; where nothing fits, the whole word becomes [UNK]."
    )
    assert wanted != ["[UNK]"], "The method never goes back: if no piece fits, the word becomes [UNK]."
    raise AssertionError("Take the longest piece that fits, from the left, each time.")


@pytest.mark.task("cut_word")
def test_cut_of_the_example(submission):
    """the examples of the task come out"""
    vocabulary = ["un", "##like", "##li", "##ly", "##ke"]
    cuts = {"unlike": ["un", "##like"], "like": ["[UNK]"], "unlikely": ["un", "##like", "##ly"]}
    for word, wanted in cuts.items():
        check_cut(submission.cut_word(word, vocabulary), wanted, word, vocabulary)


@pytest.mark.task("cut_word")
def test_cut_never_goes_back(submission):
    """the longest piece, and no going back"""
    vocabulary = ["tea", "team", "te", "##am", "##s", "##ms", "##mate", "t", "##e", "##a", "##m"]
    cuts = {"teams": ["team", "##s"], "teamate": ["[UNK]"], "tea": ["tea"], "": []}
    for word, wanted in cuts.items():
        check_cut(submission.cut_word(word, vocabulary), wanted, word, vocabulary)


# ---- encode_pairs ----------------------------------------------------------------------------------------------------


def check_pairs(found, questions, texts, limit):
    """Compare ids, types and mask with what the pairs must give, and name the usual mistakes."""
    names = ["input_ids", "token_type_ids", "attention_mask"]
    ids, types, mask = rows_in(found, names, len(questions))
    rows = []
    for question, text in zip(questions, texts):
        head = [CLS, *ids_of(question), SEP]
        rows.append((head, [*ids_of(text)[: limit - len(head) - 1], SEP]))
    width = max(len(head) + len(tail) for head, tail in rows)
    assert len(ids[0]) <= limit, "A row has more places than max_length: ask for truncation."
    for found_ids, (head, tail) in zip(ids, rows):
        assert found_ids[: len(tail)] != [CLS, *tail[:-1]] or head[1:-1] == tail[:-1], (
            "The question comes first, then its text."
        )
        assert found_ids[: len(head)] == head, "The question was cut or changed: only its text may be cut."
        assert SEP in found_ids[len(head) :], "After the text stands a [SEP], also where the text was cut."
    assert len(ids[0]) <= width, "Fill up to the longest row of the batch, not always to max_length."
    assert len(ids[0]) == width, "More of the text was cut than necessary."
    assert ids == [head + tail + [PAD] * (width - len(head) - len(tail)) for head, tail in rows], (
        "A row is not [CLS], question, [SEP], text, [SEP] and padding."
    )
    assert any(map(any, types)), "All token types are 0: hand the tokenizer questions and texts as two arguments."
    assert types == [
        [0] * len(head) + [1] * len(tail) + [0] * (width - len(head) - len(tail)) for head, tail in rows
    ], "token_type_ids are 0 for the question and 1 for the text."
    assert mask == [[1] * (len(head) + len(tail)) + [0] * (width - len(head) - len(tail)) for head, tail in rows], (
        "The attention mask is 1 for a token and 0 for padding."
    )


@pytest.mark.task("encode_pairs")
def test_pairs_types(submission):
    """the model can tell question and text apart"""
    questions, texts = ["What was cold ?", "How much ?"], ["The soup was cold .", "A good book ."]
    check_pairs(submission.encode_pairs(questions, texts, 30), questions, texts, 30)


@pytest.mark.task("encode_pairs")
def test_pairs_cut(submission):
    """when it is too long, the text is cut and the question is not"""
    questions = ["Where did you and my friend eat the very good bread ?", "Where ?"]
    texts = ["In the garden behind the church .", "We waited an hour and left ."]
    check_pairs(submission.encode_pairs(questions, texts, 18), questions, texts, 18)
