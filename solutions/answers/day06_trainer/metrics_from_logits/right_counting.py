def metrics_from_logits(logits, labels):
    answers = [max(range(len(row)), key=lambda i: row[i]) for row in logits.tolist()]
    hits = false_alarms = misses = right = 0
    for answer, label in zip(answers, labels):
        right += answer == label
        hits += answer == label == 1
        false_alarms += answer == 1 != label
        misses += label == 1 != answer
    total = 2 * hits + false_alarms + misses
    return {"accuracy": right / len(labels), "f1": 2 * hits / total if total else 0.0}
