# hint: Count whole spans
def entity_scores(gold, found):
    def words(side):
        return {(i, kind, word) for i, spans in enumerate(side) for kind, a, b in spans for word in range(a, b)}

    def f1(there, given):
        return 2 * len(there & given) / (len(there) + len(given)) if there or given else 0.0

    there, given = words(gold), words(found)
    right = len(there & given)
    return {
        "precision": right / max(1, len(given)),
        "recall": right / max(1, len(there)),
        "f1": f1(there, given),
        "by_type": {
            kind: f1({one for one in there if one[1] == kind}, {one for one in given if one[1] == kind})
            for _, kind, _ in there | given
        },
    }
