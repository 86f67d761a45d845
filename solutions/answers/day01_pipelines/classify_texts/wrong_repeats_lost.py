# hint: Equal texts each need a row
def classify_texts(texts):
    rows = {text: classifier(text, truncation=True)[0] for text in texts}
    return [{"text": text, **answer} for text, answer in rows.items()]
