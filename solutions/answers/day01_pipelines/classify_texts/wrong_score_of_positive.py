# hint: take the score of the label in this row
def classify_texts(texts):
    rows = []
    for text in texts:
        scores = {row["label"]: row["score"] for row in classifier(text, top_k=None, truncation=True)}
        rows.append({"text": text, "label": max(scores, key=scores.get), "score": scores["POSITIVE"]})
    return rows
