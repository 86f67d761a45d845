import math


def scores_from_logits(logits, labels):
    results = []
    for row in logits:
        largest = max(row)
        powers = [math.exp(logit - largest) for logit in row]
        pairs = sorted(zip(powers, labels), reverse=True)
        results.append([{"label": label, "score": power / sum(powers)} for power, label in pairs])
    return results
