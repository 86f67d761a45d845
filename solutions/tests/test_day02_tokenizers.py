"""Hidden tests of Day 2: other data than the public ones, and all the points. No message gives data or results away."""

import itertools
from collections import Counter

import numpy as np
import pytest

CLS, SEP, PAD = 101, 102, 0
VOCABULARY = """
    .=1012 ?=1029 a=1037 again=2153 all=2035 an=2019 and=1998 behind=2369 book=2338 bread=7852 church=2277
    cost=3465 day=2154 did=2106 dog=3899 eat=4521 friend=2767 from=2013 garden=3871 good=2204 hour=3178 how=2129
    in=1999 is=2003 it=2009 kind=2785 late=2397 left=2187 loud=5189 much=2172 music=2189 my=2026 old=2214
    rained=28270 read=3191 sleeps=25126 station=2276 sun=3103 the=1996 to=2000 too=2205 train=3345 twice=3807
    very=2200 waiter=15610 was=2001 we=2057 what=2054 where=2073 who=2040 you=2017
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
@pytest.mark.points(0.5)
def test_batch_ids(submission):
    """every text gets its row, filled up to the longest"""
    texts = ["The train was late again .", "Bread .", "My friend read the good book twice and left .", "Bread ."]
    check_batch(submission.encode_batch(texts, 64), texts, 64)


@pytest.mark.task("encode_batch")
@pytest.mark.points(0.75)
def test_batch_cut(submission):
    """what is too long is cut, and cut says so"""
    texts = ["How much ?", "It rained .", "It rained all day and my train was late .", "We left an hour late ."]
    for limit in [5, 7, 8, 11, 12]:
        check_batch(submission.encode_batch(texts, limit), texts, limit)


@pytest.mark.task("encode_batch")
@pytest.mark.points(0.5)
def test_batch_fits_exactly(submission):
    """a text that fits exactly is not cut"""
    texts = ["The dog sleeps in the sun .", "The dog sleeps .", "The old dog sleeps in the garden sun ."]
    check_batch(submission.encode_batch(texts, 9), texts, 9)
    check_batch(submission.encode_batch(texts[:1], 9), texts[:1], 9)


@pytest.mark.task("encode_batch")
@pytest.mark.points(0.25)
def test_batch_of_one(submission):
    """a single text is a batch too"""
    check_batch(submission.encode_batch(["The music was too loud ."], 40), ["The music was too loud ."], 40)
    check_batch(submission.encode_batch(["The music was too loud ."], 3), ["The music was too loud ."], 3)


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
@pytest.mark.points(0.5)
def test_span_inside(submission):
    """whole tokens and parts of them, at their edges"""
    offsets = [(0, 0), (0, 2), (2, 5), (6, 7), (7, 9), (10, 15), (15, 16), (0, 0)]
    for start, end in itertools.combinations(range(1, 17), 2):
        check_span(submission.tokens_of_span(offsets, start, end), offsets, start, end)


@pytest.mark.task("tokens_of_span")
@pytest.mark.points(0.25)
def test_span_special(submission):
    """special tokens hold nothing, even at the very beginning"""
    offsets = [(0, 0), (0, 5), (5, 6), (0, 0), (0, 0), (0, 0)]
    for start, end in [(0, 1), (0, 6), (0, 0), (2, 2), (5, 5), (4, 6)]:
        check_span(submission.tokens_of_span(offsets, start, end), offsets, start, end)


@pytest.mark.task("tokens_of_span")
@pytest.mark.points(0.25)
def test_span_bytes(submission):
    """spaces, and tokens that share one character"""
    offsets = [(0, 4), (4, 6), (5, 6), (5, 6), (5, 6), (8, 9)]
    for start, end in [(5, 6), (4, 5), (6, 8), (7, 9), (3, 6)]:
        check_span(submission.tokens_of_span(offsets, start, end), offsets, start, end)


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
@pytest.mark.points(0.5)
def test_cost_of_many(submission):
    """several texts of different length"""
    rows = [
        row_of("the", "un ##hur ##ried", "wait ##er", "smiled"),
        row_of("no", "."),
        row_of("g ##no ##cchi", "and", "ti ##ram ##is ##u", "for", "all", "of", "us"),
    ]
    check_cost(submission.cost_of_words(*tables(rows)), rows)


@pytest.mark.task("cost_of_words")
@pytest.mark.points(0.25)
def test_cost_of_unknown(submission):
    """words that are unknown, whole or in part"""
    rows = [row_of("[UNK]", "tea", "[UNK] [UNK]", "ca ##ke [UNK]"), row_of("[UNK]"), row_of("more", "tea ##s")]
    check_cost(submission.cost_of_words(*tables(rows)), rows)


@pytest.mark.task("cost_of_words")
@pytest.mark.points(0.25)
def test_cost_of_nothing(submission):
    """without a word, everything is 0.0"""
    for rows in [[], [row_of()], [row_of(), row_of()]]:
        found = ask(submission.cost_of_words, *tables(rows), hint="Without any word, all three measures are 0.0.")
        check_cost(found, rows)
    check_cost(submission.cost_of_words(*tables([row_of(), row_of("tea ##s")])), [row_of(), row_of("tea ##s")])


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
@pytest.mark.points(0.5)
def test_merge_counts(submission):
    """a pair counts as often as its words occur"""
    words, counts = [list("nest"), list("newest"), list("rest"), list("we"), list("wear")], [4, 1, 2, 9, 3]
    check_merge(submission.merge_step(words, counts), words, counts)
    words = [["th", "e"], ["th", "e", "re"], ["o", "the", "r"], ["t", "h", "e"], list("otter")]
    check_merge(submission.merge_step(words, [3, 5, 7, 7, 6]), words, [3, 5, 7, 7, 6])


@pytest.mark.task("merge_step")
@pytest.mark.points(0.25)
def test_merge_ties(submission):
    """of equally frequent pairs, the first in the alphabet"""
    for words in [[list("zyx"), list("bac")], [list("cab"), list("cob")], [list("ob"), list("oa"), list("ao")]]:
        check_merge(submission.merge_step(words, [2] * len(words)), words, [2] * len(words))


@pytest.mark.task("merge_step")
@pytest.mark.points(0.5)
def test_merge_everywhere(submission):
    """wherever the pair stands in a word"""
    words, counts = [list("mississippi"), list("miss"), list("sis"), ["is", "s"], list("i")], [2, 3, 4, 50, 1]
    check_merge(submission.merge_step(words, counts), words, counts)
    check_merge(submission.merge_step(words[:3], counts[:3]), words[:3], counts[:3])
    words = [list("cocococoa"), list("oc"), ["co", "c", "o"]]
    check_merge(submission.merge_step(words, [1, 1, 1]), words, [1, 1, 1])


@pytest.mark.task("merge_step")
@pytest.mark.points(0.5)
def test_merge_overlap(submission):
    """from left to right, where pairs overlap"""
    words, counts = [list("ooo"), list("ooooo"), list("oooo"), list("xooox"), list("no")], [1, 1, 2, 1, 2]
    check_merge(submission.merge_step(words, counts), words, counts)
    words, counts = [list("eee"), list("ab")], [3, 5]
    check_merge(submission.merge_step(words, counts), words, counts)


@pytest.mark.task("merge_step")
@pytest.mark.points(0.25)
def test_merge_nothing_left(submission):
    """when no word has two pieces, nothing happens"""
    hint = "If no word has two pieces, the pair is None, and the words stay as they are."
    for words in [[["of"], ["soup"], ["x"]], []]:
        counts = [3, 1, 2][: len(words)]
        check_merge(ask(submission.merge_step, words, counts, hint=hint), words, counts)


# ---- cut_word --------------------------------------------------------------------------------------------------------


def longest_first(word, vocabulary):
    """The cut of WordPiece."""
    pieces, rest = [], word
    while rest:
        mark = "##" if pieces else ""
        fitting = [rest[:n] for n in range(1, len(rest) + 1) if mark + rest[:n] in vocabulary]
        if not fitting:
            return ["[UNK]"]
        pieces.append(mark + fitting[-1])
        rest = rest[len(fitting[-1]) :]
    return pieces


def check_cut(found, word, vocabulary):
    """Compare with the cut of WordPiece, and name the usual mistakes."""
    assert isinstance(found, (list, tuple)) and all(isinstance(piece, str) for piece in found), (
        "Return a list of pieces, even for a single one."
    )
    found, wanted = list(found), longest_first(word, vocabulary)
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
@pytest.mark.points(0.75)
def test_cut_longest(submission):
    """the longest piece that fits, each time"""
    vocabulary = ["r", "re", "red", "##d", "##e", "##is", "##cover", "##co", "##ver", "##i", "##s", "##discover"]
    for word in ["rediscover", "reis", "rei", "red", "r", "redis"]:
        check_cut(submission.cut_word(word, vocabulary), word, vocabulary)


@pytest.mark.task("cut_word")
@pytest.mark.points(0.5)
def test_cut_continues(submission):
    """a piece inside a word is another piece than one at its beginning"""
    vocabulary = ["over", "##time", "time", "##over", "s", "##s", "tim"]
    for word in ["overtime", "timeover", "overs", "times", "overovers"]:
        check_cut(submission.cut_word(word, vocabulary), word, vocabulary)


@pytest.mark.task("cut_word")
@pytest.mark.points(0.5)
def test_cut_unknown(submission):
    """where no piece fits, the whole word is unknown"""
    vocabulary = ["cat", "cats", "ca", "##t", "##sup", "##s", "up", "##fish"]
    for word in ["catsup", "catup", "dog", "catfish!", "xcat", "catsx"]:
        check_cut(submission.cut_word(word, vocabulary), word, vocabulary)


@pytest.mark.task("cut_word")
@pytest.mark.points(0.25)
def test_cut_empty(submission):
    """an empty word, and an empty vocabulary"""
    hint = "An empty word has no pieces; with an empty vocabulary every other word is unknown."
    check_cut(ask(submission.cut_word, "", ["a", "##a"], hint=hint), "", ["a", "##a"])
    check_cut(ask(submission.cut_word, "a", [], hint=hint), "a", [])


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
@pytest.mark.points(0.75)
def test_pairs_types(submission):
    """the model can tell question and text apart"""
    questions = ["Who read the book ?", "Where is the station ?", "How late was it ?"]
    texts = ["My friend read it .", "The station is behind the old church and the garden .", "Very ."]
    check_pairs(submission.encode_pairs(questions, texts, 64), questions, texts, 64)


@pytest.mark.task("encode_pairs")
@pytest.mark.points(0.75)
def test_pairs_cut(submission):
    """when it is too long, the text is cut and the question is not"""
    questions = ["How much did the very old book from the garden behind the church cost ?"]
    texts = ["It was a good book and my friend read it twice ."]
    for limit in [19, 22, 25]:
        check_pairs(submission.encode_pairs(questions, texts, limit), questions, texts, limit)


@pytest.mark.task("encode_pairs")
@pytest.mark.points(0.5)
def test_pairs_mixed(submission):
    """in a batch, some are cut and some are filled up"""
    questions = ["Who ?", "Where did the waiter who was very kind to my friend eat ?", "What did the dog eat ?"]
    texts = ["The waiter and the dog and my friend and you and a very old train .", "In the sun .", "Bread ."]
    check_pairs(submission.encode_pairs(questions, texts, 18), questions, texts, 18)
    check_pairs(submission.encode_pairs(questions[1:], texts[1:], 40), questions[1:], texts[1:], 40)
