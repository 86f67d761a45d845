# hint: longer than the model can read
def classify_texts(texts):
    texts = list(texts)
    if not texts:
        return []
    return [{"text": text, **answer} for text, answer in zip(texts, classifier(texts))]
