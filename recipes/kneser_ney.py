"""An n-gram model with modified Kneser-Ney smoothing: the baseline that a small language model has to beat.

Source: Chen and Goodman 1998, "An Empirical Study of Smoothing Techniques for Language Modeling", section 3 (modified
Kneser-Ney, interpolated). Token ids are counted with numpy: an n-gram is the pair (number of its first n - 1 tokens'
n-gram, last token), so every order is one sorted array.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Order:
    """The n-grams of one order, sorted by key: counts, and per context what is left for the lower order."""

    keys: object  # (number of n-grams,) int64: number of the context * vocabulary + last token
    probabilities: object  # (number of n-grams,) discounted share of the context's total
    left: object  # (number of contexts,) weight of the lower order after each context


class KneserNey:
    """An interpolated modified Kneser-Ney model of `order` over token ids below `vocabulary`.

    `texts` are lists of ids; each is read after `order - 1` start marks (the id `vocabulary`), so every token has a
    full context.
    """

    def __init__(self, texts: list[list[int]], vocabulary: int, order: int = 5):
        import numpy

        self.vocabulary, self.order = vocabulary, order
        tokens, valid = _grams(texts, vocabulary, order)
        base = vocabulary + 1
        numbers = [numpy.zeros(len(tokens), dtype=numpy.int64)]  # number of the n-gram that ends here, by order
        self.tables = []
        for length in range(1, order + 1):
            earlier = _shifted(numbers[-1], 1) if length > 1 else numbers[-1]
            keys, inverse = numpy.unique(earlier * base + tokens, return_inverse=True)
            self.tables.append(keys)
            numbers.append(inverse)
        self.orders = [self._smooth(length, numbers, tokens, valid) for length in range(1, order + 1)]

    def _smooth(self, length: int, numbers, tokens, valid) -> Order:
        """Discounts of one order: raw counts for the highest, for the others how many different tokens come before."""
        import numpy

        size = len(self.tables[length - 1])
        if length == self.order:
            counts = numpy.bincount(numbers[length][valid], minlength=size)
        else:  # each longer n-gram counts once for its ending
            longer = numpy.unique(numbers[length + 1][valid], return_index=True)[1]
            counts = numpy.bincount(numbers[length][valid][longer], minlength=size)
        contexts = self.tables[length - 1] // (self.vocabulary + 1)
        totals = numpy.bincount(contexts, weights=counts)
        groups = numpy.bincount(numpy.minimum(counts, 5), minlength=6)
        discounts = _discounts(groups)
        cut = discounts[numpy.minimum(counts, 3)]
        cut = numpy.minimum(cut, counts)
        freed = numpy.bincount(contexts, weights=cut, minlength=len(totals))
        safe = numpy.maximum(totals, 1)
        left = numpy.where(totals > 0, freed / safe, 1.0)
        return Order(self.tables[length - 1], (counts - cut) / safe[contexts], left)

    def probabilities(self, text: list[int]):
        """The probability of each token of `text` given those before it, as a float64 array (tokens,)."""
        import numpy

        tokens, valid = _grams([text], self.vocabulary, self.order)
        found = numpy.full(len(tokens), 1.0 / self.vocabulary)
        # From order 1 up, each time mixed with what the next shorter context says.
        for length in range(1, self.order + 1):
            context = self._numbers(tokens, length - 1)
            order = self.orders[length - 1]
            known = context >= 0
            known &= numpy.where(known, context, 0) < len(order.left)
            place, there = _lookup(order.keys, numpy.where(known, context, 0) * (self.vocabulary + 1) + tokens)
            share = numpy.where(known & there, order.probabilities[place], 0.0)
            left = numpy.where(known, order.left[numpy.where(known, context, 0)], 1.0)
            found = share + left * found
        return found[valid]

    def _numbers(self, tokens, length: int):
        """The number of the n-gram of `length` tokens that ends just before each place; -1 where it is unknown."""
        import numpy

        numbers = numpy.zeros(len(tokens), dtype=numpy.int64)
        for step in range(length):
            token = _shifted(tokens, length - step, fill=self.vocabulary)
            place, there = _lookup(self.tables[step], numbers * (self.vocabulary + 1) + token)
            numbers = numpy.where(there & (numbers >= 0), place, -1)
        return numbers

    def bits(self, text: list[int]) -> float:
        """The information of `text` in bits: minus the sum of the base-2 logarithms of its tokens' probabilities."""
        import numpy

        return float(-numpy.log2(self.probabilities(text)).sum())


def _grams(texts: list[list[int]], mark: int, order: int):
    """All texts in a row, each after `order - 1` start marks; and which places are tokens and not marks."""
    import numpy

    marks = [mark] * (order - 1)
    tokens = numpy.array([token for text in texts for token in (*marks, *text)], dtype=numpy.int64)
    return tokens, tokens != mark


def _shifted(values, by: int, fill: int = 0):
    """The values `by` places earlier; the first ones are `fill`."""
    import numpy

    return numpy.concatenate([numpy.full(min(by, len(values)), fill, dtype=values.dtype), values[: len(values) - by]])


def _lookup(keys, wanted):
    """Where each wanted key stands in the sorted `keys`, and whether it is there at all."""
    import numpy

    place = numpy.minimum(numpy.searchsorted(keys, wanted), len(keys) - 1)
    return place, keys[place] == wanted


def _discounts(groups):
    """The three discounts (for counts 1, 2 and 3 or more) from how many n-grams occur once, twice, three, four times.

    None is below 0.05, so that nothing is impossible even after a text that only repeats itself.
    """
    import numpy

    once, twice, thrice, often = (max(1, int(number)) for number in groups[1:5])
    share = once / (once + 2 * twice)
    return numpy.array(
        [
            0.0,
            max(0.05, 1 - 2 * share * twice / once),
            max(0.05, 2 - 3 * share * thrice / twice),
            max(0.05, 3 - 4 * share * often / thrice),
        ]
    )
