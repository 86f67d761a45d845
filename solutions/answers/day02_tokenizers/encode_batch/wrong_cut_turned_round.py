# hint: True means that something was left out
def encode_batch(texts, max_length):
    batch = tokenizer(texts, padding=True, truncation=True, max_length=max_length)
    cut = [len(ids) <= max_length for ids in tokenizer(texts)["input_ids"]]
    return {"input_ids": batch["input_ids"], "attention_mask": batch["attention_mask"], "cut": cut}
