# hint: An empty list has an empty list
def classify_texts(texts):
    texts = list(texts)
    return [{"text": text, **answer} for text, answer in zip(texts, classifier(texts, truncation=True))]
