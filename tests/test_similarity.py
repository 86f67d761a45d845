"""Who wrote alike: winnowing keeps its promise, disguises do not help, and what many write says nothing."""

import io
import random
import re
import time
import tokenize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils.grading import copies, similarity
from course_utils.grading.entries import mark_counting
from course_utils.grading.similarity import KGRAM, WINDOW, compare, fingerprints, tokens, winnow

STUB = {
    "rank": 'def rank(scores, names):\n    """Best first."""\n    raise NotImplementedError("Write your answer here")'
}
ADA = """def rank(scores, names):
    pairs = []
    for place, score in enumerate(scores):
        if score != score:
            continue  # not a number
        pairs.append((round(score, 4), names[place % len(names)]))
    pairs.sort(key=lambda pair: (-pair[0], pair[1].casefold()))
    best = {name: value for value, name in pairs[:25]}
    return [best, sum(best.values()) / max(1, len(best))]
"""
DISGUISED = '''
def rank(numbers, labels):
    """My very own work!"""
    out = []   # collect
    for i, x in enumerate(
        numbers
    ):
        if x != x:
            continue
        out.append((round(x, 4), labels[i % len(labels)]))

    out.sort(key=lambda t: (-t[0], t[1].casefold()))
    top = {n: v for v, n in out[:25]}
    return [top, sum(top.values()) / max(1, len(top))]
'''
OTHER = """def rank(scores, names):
    import numpy as np
    order = np.argsort(np.asarray(scores) * -1.0, kind="stable")
    chosen = [names[int(position)] for position in order if np.isfinite(scores[int(position)])]
    return chosen, float(np.nanmean([scores[k] for k in order[:25]]))
"""


def pairs(sources, **more):
    learners = {name: {"rank": source} for name, source in sources.items()}
    return compare(learners, STUB, **more).pairs


def test_a_disguised_copy_is_found_and_independent_work_is_not():
    found = pairs({"Ada": ADA, "Bob": DISGUISED, "Cy": OTHER})
    assert [(pair.first, pair.second) for pair in found] == [("Ada", "Bob")]
    (pair,) = found
    assert pair.share > 0.9 and pair.tasks[0].task == "rank" and "casefold" in pair.tasks[0].second
    assert re.fullmatch(r"rank: \d+ of \d+ passages", pair.words)


def test_what_the_exercise_gives_or_many_write_is_nobodys():
    assert pairs({"Ada": STUB["rank"], "Bob": STUB["rank"]}) == ()
    long = {"rank": ADA}
    assert compare({"Ada": long, "Bob": long}, long).pairs == ()
    everybody = {f"learner {n}": ADA for n in range(40)}
    assert pairs(everybody) == ()
    assert pairs(everybody | {"Eve": OTHER, "Mallory": OTHER})[0].first == "Eve"


def test_a_short_answer_that_is_the_same_is_no_hint():
    short = "def rank(scores, names):\n    return sorted(scores)"
    assert pairs({"Ada": short, "Bob": short}) == ()


def test_one_copied_task_among_several_is_found():
    own = [
        f"def extra_{n}(a, b):\n    x_{n} = a ** {n} - b // {n + 2}\n    return [x_{n}, a @ b, {n}][: b or {n}]"
        for n in range(2)
    ]
    code = {"Ada": {"rank": ADA, "+": own[0] * 9}, "Bob": {"rank": DISGUISED, "+": own[1] * 3 + OTHER}}
    (pair,) = compare(code, STUB).pairs
    assert pair.tasks[0].task == "rank" and pair.tasks[0].shared / pair.tasks[0].of > 0.8


def test_answers_in_words():
    text = "The scores are divided by the root of the size, because dot products grow with it and softmax saturates."
    other = (
        "Without scaling the gradient vanishes: large logits push nearly all the weight onto one token of the sequence."
    )
    code = {"Ada": {"why": text}, "Bob": {"why": text.upper().replace(",", " -")}, "Cy": {"why": other}}
    assert [(pair.first, pair.second) for pair in compare(code, {}, prose={"why"}).pairs] == [("Ada", "Bob")]


def test_a_class_of_five_hundred_takes_seconds():
    draw = random.Random(0)
    words = ["a", "b", "c", "+", "-", "*", "(", ")", "[", "]", ".x", ".y", "1", "2", "for", "in", "if", "\n"]
    learners = {
        f"{n:03}": {f"task{k}": ADA + " ".join(draw.choices(words, k=60)) for k in range(2)} for n in range(498)
    }
    learners["copy of 007"] = {task: f"# mine\n{source}" for task, source in learners["007"].items()}
    start = time.process_time()
    result = compare(learners, STUB)
    assert (result.pairs[0].first, result.pairs[0].second) == ("007", "copy of 007") and len(result.pairs) == 1
    assert time.process_time() - start < 60, "a guard against a square number of comparisons, not a measurement"


source = st.text(st.sampled_from("abxy01 +-*/()[]{}.,:=\n\t\"'#\\fordefin_"), max_size=300)


@given(st.text(max_size=300))
def test_any_text_has_tokens(text):
    assert all(isinstance(token, str) and token.strip() for token in tokens(text))


@pytest.mark.parametrize(
    "code", [ADA, DISGUISED, OTHER, 'x = f"{a}" + r"\\\\"\ny = """long\n# no comment"""  # comment\n']
)
def test_tokens_are_pythons(code):
    skip = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    wanted = [t for t in tokenize.generate_tokens(io.StringIO(code).readline) if t.type not in skip]
    signs = "".join(t.string for t in wanted if t.type == tokenize.OP)
    found = tokens(code)
    assert "".join(token for token in found if not re.match(r"\w", token)) == signs
    assert [t.string for t in wanted if t.type == tokenize.NUMBER] == [token for token in found if token[0].isdigit()]
    assert sum(t.type in (tokenize.STRING, getattr(tokenize, "FSTRING_START", -1)) for t in wanted) == found.count("S")


@given(st.lists(st.integers(0, 50)), st.integers(1, 8))
def test_every_window_gives_a_fingerprint(values, window):
    kept = winnow(values, window)
    assert kept <= set(values) and bool(kept) == bool(values)
    assert all(kept & set(values[i : i + window]) for i in range(len(values) - window + 1))


token = st.sampled_from(["for", "in", "if", "else", "return", "+", "-", "(", ")", "7", "12", "@", "%", "lambda"])
longest = KGRAM + WINDOW - 1


@settings(max_examples=50)
@given(*[st.lists(token, max_size=30)] * 4, st.lists(token, min_size=longest, max_size=40))
def test_a_shared_passage_is_always_seen(before, after, other_before, other_after, passage):
    """The guarantee of winnowing: a common run of KGRAM + WINDOW - 1 tokens gives a common fingerprint."""
    one = " ".join([*before, *passage, *after])
    other = " ".join([*other_before, *passage, *other_after])
    assert fingerprints(tokens(one)) & fingerprints(tokens(other))


@given(source)
def test_layout_names_and_comments_change_nothing(text):
    plain = tokens(text)
    assert tokens(text.replace("+", " +\n\n")) == plain or "\\" in text or '"' in text or "'" in text or "#" in text
    renamed = [re.sub(r"^[a-eg-mo-z]\w*$", "N", token) if token == "N" else token for token in plain]
    assert renamed == plain


@settings(deadline=None)
@given(st.dictionaries(st.text(min_size=1, max_size=5), source, min_size=2, max_size=6), st.randoms())
def test_order_says_nothing_and_nobody_copies_from_themselves(sources, draw):
    names = list(sources)
    draw.shuffle(names)
    found = pairs(sources)
    assert found == pairs({name: sources[name] for name in names})
    assert all(pair.first < pair.second and 0 < pair.share <= 1 for pair in found)


def test_the_comparison_is_kept_beside_the_results_and_made_again_when_something_changes(tmp_path, monkeypatch):
    from gradebook_samples import entry
    from grading_samples import DAY, notebook

    monkeypatch.setattr(copies.syllabus, "days", lambda: (DAY,))
    paths, entries = {}, []
    for name, answer in (("Ada", ADA), ("Bob", DISGUISED), ("Cy", OTHER)):
        path = tmp_path / f"{name}.ipynb"
        path.write_bytes(notebook({"count_words": answer.replace("def rank", "def count_words")}))
        paths[path.name] = path
        entries.append(entry(name, day=DAY.slug, file=path.name, sha256=name))
    entries = mark_counting(entries)
    result = copies.update(entries, paths, tmp_path / "out")
    assert [(p.first, p.second, p.tasks[0].task) for p in result[DAY.slug].pairs] == [("Ada", "Bob", "count_words")]
    assert copies.load(tmp_path / "out") == result
    calls = []
    monkeypatch.setattr(copies, "compare", lambda *a, **k: calls.append(1) or similarity.compare(*a, **k))
    assert copies.update(entries, paths, tmp_path / "out") == result and not calls
    assert copies.update(entries[1:], paths, tmp_path / "out")[DAY.slug].pairs == () and calls
    (tmp_path / "out" / copies.FILE).write_text("{")
    assert copies.load(tmp_path / "out") == {}
