# hint: Nearly is not right
def entity_scores(gold, found):
    def f1(kinds):
        right = n = m = 0
        for one, other in zip(gold, found):
            one, other = [s for s in one if s[0] in kinds], [s for s in other if s[0] in kinds]
            right += sum(any(a[0] == b[0] and a[1] < b[2] and b[1] < a[2] for b in one) for a in other)
            n, m = n + len(one), m + len(other)
        return right, n, m

    kinds = {span[0] for spans in [*gold, *found] for span in spans}
    right, n, m = f1(kinds)
    by_type = {kind: f1({kind}) for kind in kinds}
    return {
        "precision": right / max(1, m),
        "recall": right / max(1, n),
        "f1": 2 * right / max(1, n + m),
        "by_type": {kind: 2 * r / max(1, a + b) for kind, (r, a, b) in by_type.items()},
    }
