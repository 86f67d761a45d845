# hint: not the mean over the sentences
def entity_scores(gold, found):
    def f1(there, given):
        there, given = set(map(tuple, there)), set(map(tuple, given))
        return 2 * len(there & given) / (len(there) + len(given)) if there or given else 0.0

    pairs = list(zip(gold, found))
    right = sum(len(set(map(tuple, one)) & set(map(tuple, other))) for one, other in pairs)
    kinds = {span[0] for spans in [*gold, *found] for span in spans}
    return {
        "precision": right / max(1, sum(map(len, found))),
        "recall": right / max(1, sum(map(len, gold))),
        "f1": sum(f1(*pair) for pair in pairs) / max(1, len(pairs)),
        "by_type": {
            kind: f1(
                *[[(i, *s) for i, spans in enumerate(side) for s in spans if s[0] == kind] for side in (gold, found)]
            )
            for kind in kinds
        },
    }
