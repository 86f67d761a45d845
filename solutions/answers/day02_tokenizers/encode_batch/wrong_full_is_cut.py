# hint: fits exactly is not cut
def encode_batch(texts, max_length):
    batch = tokenizer(texts, padding=True, truncation=True, max_length=max_length)
    cut = [sum(mask) == max_length for mask in batch["attention_mask"]]
    return {"input_ids": batch["input_ids"], "attention_mask": batch["attention_mask"], "cut": cut}
