# hint: Not the mean over the labels
def metrics_from_logits(logits, labels):
    answers, labels = np.asarray(logits).argmax(axis=-1), np.asarray(labels)
    hits = int(((answers == 1) & (labels == 1)).sum())
    wrong = int(((answers == 1) != (labels == 1)).sum())
    f1 = 2 * hits / (2 * hits + wrong) if hits else 0.0
    from sklearn.metrics import f1_score

    f1 = f1_score(labels, answers, average="macro", zero_division=0)
    return {"accuracy": float((answers == labels).mean()), "f1": f1}
