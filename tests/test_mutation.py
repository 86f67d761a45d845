"""The mutants: each is Python, differs from the answer, and changes one thing."""

import ast

import mutation
import pytest

ANSWER = '''
def share(rows, limit):
    """What comes back, in words."""
    total = sum(row + 1 for row in rows if row)
    if total >= limit and rows:
        return -total / max(limit, 2)
    return rows[1:]
'''


def texts(source):
    return [ast.unparse(mutant) for _, mutant in mutation.mutants(source)]


def test_every_mutant_is_python_and_differs():
    for text in texts(ANSWER):
        compile(text, "mutant", "exec")
        assert text != ast.unparse(ast.parse(ANSWER))


@pytest.mark.parametrize(
    "changed",
    ["row - 1", "row + 2", "row in rows)", "total < limit", "or rows", "return total /", "min(limit, 2)", "rows[:]",
     "if True:", "not (total >= limit", "* max(limit", "max((row + 1"],
)  # fmt: skip
def test_the_usual_mistakes_are_among_them(changed):
    assert changed not in ast.unparse(ast.parse(ANSWER))
    assert any(changed in text for text in texts(ANSWER))


def test_the_words_of_a_docstring_are_left_alone():
    assert all("What comes back, in words." in text for text in texts(ANSWER))
