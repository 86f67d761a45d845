def encode_batch(texts, max_length):
    batch = tokenizer(texts, padding="longest", truncation="longest_first", max_length=max_length, return_tensors="np")
    cut = [len(tokenizer.tokenize(text)) + 2 > max_length for text in texts]
    return {"input_ids": batch["input_ids"], "attention_mask": batch["attention_mask"], "cut": cut}
