# hint: lost its [SEP]
def encode_batch(texts, max_length):
    rows = tokenizer(texts)["input_ids"]
    cut = [len(ids) > max_length for ids in rows]
    rows = [ids[:max_length] for ids in rows]
    width = max(map(len, rows))
    mask = [[1] * len(ids) + [0] * (width - len(ids)) for ids in rows]
    return {"input_ids": [ids + [0] * (width - len(ids)) for ids in rows], "attention_mask": mask, "cut": cut}
