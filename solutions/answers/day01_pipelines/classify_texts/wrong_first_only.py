# hint: Only one text was answered
def classify_texts(texts):
    texts = list(texts)
    if not texts:
        return []
    answer = classifier(texts, truncation=True)[0]
    return [{"text": texts[0], "label": answer["label"], "score": answer["score"]}]
