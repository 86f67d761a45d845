def entity_scores(gold, found):
    from collections import Counter

    there, given, right = Counter(), Counter(), Counter()
    for one, other in zip(gold, found):
        one, other = {tuple(span) for span in one}, {tuple(span) for span in other}
        there.update(kind for kind, _, _ in one)
        given.update(kind for kind, _, _ in other)
        right.update(kind for kind, _, _ in one & other)
    n, m, k = sum(there.values()), sum(given.values()), sum(right.values())
    return {
        "precision": k / m if m else 0.0,
        "recall": k / n if n else 0.0,
        "f1": 2 * k / (n + m) if n + m else 0.0,
        "by_type": {kind: 2 * right[kind] / (there[kind] + given[kind]) for kind in {*there, *given}},
    }
