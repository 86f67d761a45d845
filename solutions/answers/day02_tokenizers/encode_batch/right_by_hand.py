def encode_batch(texts, max_length):
    rows, cut = [], []
    for text in texts:
        ids = tokenizer(text)["input_ids"]
        cut.append(len(ids) > max_length)
        rows.append(ids[: max_length - 1] + [tokenizer.sep_token_id] if len(ids) > max_length else ids)
    width = max(len(row) for row in rows)
    mask = [[1] * len(row) + [0] * (width - len(row)) for row in rows]
    return {"input_ids": [row + [0] * (width - len(row)) for row in rows], "attention_mask": mask, "cut": cut}
