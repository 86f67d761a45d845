# hint: not k alone
def compare_models(labels, first, second):
    right = [(a == truth, b == truth) for truth, a, b in zip(labels, first, second)]
    only_first = sum(a and not b for a, b in right)
    only_second = sum(b and not a for a, b in right)
    n, fewer = only_first + only_second, min(only_first, only_second)
    tail = comb(n, fewer) / 2**n
    return {
        "gain": (only_second - only_first) / len(labels),
        "only_first": only_first,
        "only_second": only_second,
        "chance": min(1.0, 2 * tail),
    }
