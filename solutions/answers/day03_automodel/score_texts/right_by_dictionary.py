def score_texts(texts, batches):
    found = {}
    for batch in batches:
        encoded = tokenizer.pad({"input_ids": [tokenizer(texts[i], truncation=True)["input_ids"] for i in batch]})
        ids, mask = torch.tensor(encoded["input_ids"]), torch.tensor(encoded["attention_mask"])
        with torch.inference_mode():
            logits = model(input_ids=ids, attention_mask=mask).logits
        powers = (logits - logits.max(dim=1, keepdim=True).values).exp()
        for i, row in zip(batch, powers / powers.sum(dim=1, keepdim=True)):
            found[i] = {label: row[column].item() for column, label in model.config.id2label.items()}
    return [found[i] for i in range(len(texts))]
