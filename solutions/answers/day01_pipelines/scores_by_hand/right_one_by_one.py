def scores_by_hand(texts):
    rows = []
    for text in texts:
        with torch.no_grad():
            logits = model(**tokenizer(text, truncation=True, return_tensors="pt")).logits
        rows.append(torch.softmax(logits[0], dim=0).tolist())
    return rows
