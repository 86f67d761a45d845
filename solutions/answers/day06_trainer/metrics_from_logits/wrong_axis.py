# hint: raised
def metrics_from_logits(logits, labels):
    answers, labels = np.asarray(logits).argmax(axis=0), np.asarray(labels)
    hits = int(((answers == 1) & (labels == 1)).sum())
    wrong = int(((answers == 1) != (labels == 1)).sum())
    f1 = 2 * hits / (2 * hits + wrong) if hits else 0.0
    return {"accuracy": float((answers == labels).mean()), "f1": f1}
