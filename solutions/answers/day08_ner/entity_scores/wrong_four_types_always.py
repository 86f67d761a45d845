# hint: occurs nowhere
def entity_scores(gold, found):
    there = {(i, *span) for i, spans in enumerate(gold) for span in spans}
    given = {(i, *span) for i, spans in enumerate(found) for span in spans}

    def share(part, whole):
        return part / whole if whole else 0.0

    def f1(there, given):
        return share(2 * len(there & given), len(there) + len(given))

    by_type = {
        kind: f1({one for one in there if one[1] == kind}, {one for one in given if one[1] == kind})
        for kind in ["PER", "ORG", "LOC", "MISC"]
    }
    return {
        "precision": share(len(there & given), len(given)),
        "recall": share(len(there & given), len(there)),
        "f1": f1(there, given),
        "by_type": by_type,
    }
