def classify_texts(texts):
    by_length = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    rows = [None] * len(texts)
    for start in range(0, len(texts), 4):
        chosen = by_length[start : start + 4]
        for i, scores in zip(chosen, classifier([texts[i] for i in chosen], top_k=None, batch_size=4, truncation=True)):
            best = max(scores, key=lambda row: row["score"])
            rows[i] = {"text": texts[i], "label": best["label"], "score": best["score"]}
    return rows
