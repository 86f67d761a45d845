# hint: 1 for a token and 0 for padding
def encode_batch(texts, max_length):
    ids = tokenizer(texts, padding=True, truncation=True, max_length=max_length)["input_ids"]
    cut = [len(row) > max_length for row in tokenizer(texts)["input_ids"]]
    return {"input_ids": ids, "attention_mask": [[1] * len(row) for row in ids], "cut": cut}
