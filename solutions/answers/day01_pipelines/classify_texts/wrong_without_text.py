# hint: missing: text
def classify_texts(texts):
    return [classifier(text, truncation=True)[0] for text in texts]
