# hint: never more than 1
def compare_models(labels, first, second):
    right = [(a == truth, b == truth) for truth, a, b in zip(labels, first, second)]
    only_first = sum(a and not b for a, b in right)
    only_second = sum(b and not a for a, b in right)
    n, fewer = only_first + only_second, min(only_first, only_second)
    tail = sum(comb(n, i) for i in range(fewer + 1)) / 2**n
    return {
        "gain": (only_second - only_first) / len(labels),
        "only_first": only_first,
        "only_second": only_second,
        "chance": 2 * tail,
    }
