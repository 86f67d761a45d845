# hint: Keep the order
def classify_texts(texts):
    rows = [{"text": text, **classifier(text, truncation=True)[0]} for text in texts]
    return sorted(rows, key=lambda row: row["score"], reverse=True)
