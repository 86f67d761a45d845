def classify_texts(texts):
    rows = []
    for text in texts:
        label_and_score = classifier(text, truncation=True)[0]
        rows.append({"text": text, "label": label_and_score["label"], "score": label_and_score["score"]})
    return rows
