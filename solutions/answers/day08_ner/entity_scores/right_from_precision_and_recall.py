def entity_scores(gold, found):
    def measure(gold, found):
        hits = sum(span in other for one, other in zip(gold, found) for span in one)
        precision = hits / max(1, sum(map(len, found)))
        recall = hits / max(1, sum(map(len, gold)))
        f1 = 2 * precision * recall / (precision + recall) if hits else 0.0
        return {"precision": precision, "recall": recall, "f1": f1}

    kinds = {span[0] for sentence in [*gold, *found] for span in sentence}
    only = {
        kind: [[[span for span in sentence if span[0] == kind] for sentence in side] for side in (gold, found)]
        for kind in kinds
    }
    return {**measure(gold, found), "by_type": {kind: measure(*sides)["f1"] for kind, sides in only.items()}}
