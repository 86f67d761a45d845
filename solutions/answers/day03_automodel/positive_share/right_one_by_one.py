def positive_share(texts):
    found = []
    for text in texts:
        with torch.no_grad():
            row = model(**tokenizer(text, truncation=True, return_tensors="pt")).logits[0]
        named = {label: row[i] for i, label in model.config.id2label.items()}
        found.append(torch.sigmoid(named["POSITIVE"] - named["NEGATIVE"]).item())
    return found
