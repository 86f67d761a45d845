# hint: special tokens take up places
def encode_batch(texts, max_length):
    batch = tokenizer(texts, padding=True, truncation=True, max_length=max_length)
    cut = [len(tokenizer.tokenize(text)) > max_length for text in texts]
    return {"input_ids": batch["input_ids"], "attention_mask": batch["attention_mask"], "cut": cut}
