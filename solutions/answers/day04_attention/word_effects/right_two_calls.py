def word_effects(text):
    def positive(texts):
        batch = tokenizer(texts, padding="longest", truncation=True, return_tensors="pt")
        with torch.no_grad():
            logits = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
        return torch.softmax(logits, dim=1)[:, model.config.label2id["POSITIVE"]].numpy()

    words = text.split()
    without = [" ".join(word for j, word in enumerate(words) if j != i) for i in range(len(words))]
    return list(positive([" ".join(words)])[0] - positive(without))
