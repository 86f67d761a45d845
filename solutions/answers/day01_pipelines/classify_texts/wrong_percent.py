# hint: not a percentage
def classify_texts(texts):
    rows = [{"text": text, **classifier(text, truncation=True)[0]} for text in texts]
    return [{**row, "score": 100 * row["score"]} for row in rows]
