"""What a hint of a hidden test may say: everything that learners can read anyway, and nothing of what the test sends.

A text that a hidden test has sent is recognised in a hint whole, or by three of its words in a row, however they are
quoted and cased. The words of the released exercise and of its public checks are public: a hint that speaks of the
dictionary's key "label" repeats nothing secret, although the hidden data has that key too.
"""

import re

INSTEAD = "The result is not what the task asks for."
_SHOWN = 4  # characters of a text from which on it is recognised; shorter ones are in every sentence
_ROW = 3  # words
_ESCAPES = re.compile(r"\\(?:[abfnrtv]|x..|u....|U.{8})")


class Discretion:
    """Judges the hints of one submission's hidden tests."""

    def __init__(self, public: str):
        """`public` is all text that learners have been given."""
        self._public = " " + _words(public) + " "
        self._public_text = public
        self._told = set()

    def tell(self, value):
        """A hidden test sends this: remember every text in it, the keys of dictionaries too."""
        self._told |= set(_texts(value))

    def fit(self, hint: str) -> str:
        """The hint, or one that says nothing if it repeats what is hidden."""
        if not hint:
            return hint
        readings = [f" {_words(reading)} " for reading in {hint, _ESCAPES.sub(" ", hint)}]
        return INSTEAD if any(self._repeated(text, hint, readings) for text in self._told) else hint

    def _repeated(self, text, hint, readings):
        if text in hint and text not in self._public_text and not _words(text):
            return True
        return any(piece in reading and piece not in self._public for piece in _pieces(text) for reading in readings)


def _pieces(text):
    """What gives a text away: all of its words, and every few of them in a row."""
    words = _words(text).split()
    rows = [words] + [words[start : start + _ROW] for start in range(len(words) - _ROW + 1)]
    return {f" {' '.join(row)} " for row in rows if row}


def _words(text):
    """The words of a text in small letters, with single spaces between them."""
    return " ".join(re.findall(r"\w+", text.casefold()))


def _texts(value):
    """Every string in a test's arguments that is long enough to be recognised."""
    if isinstance(value, str):
        return [value] if len(value) >= _SHOWN else []
    items = [*value.keys(), *value.values()] if isinstance(value, dict) else value
    return [text for item in items for text in _texts(item)] if isinstance(items, (list, tuple, set)) else []
