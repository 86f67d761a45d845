# hint: not for label 0
def metrics_from_logits(logits, labels):
    answers, labels = np.asarray(logits).argmax(axis=-1), np.asarray(labels)
    hits = int(((answers == 0) & (labels == 0)).sum())
    wrong = int(((answers == 0) != (labels == 0)).sum())
    f1 = 2 * hits / (2 * hits + wrong) if hits else 0.0
    return {"accuracy": float((answers == labels).mean()), "f1": f1}
