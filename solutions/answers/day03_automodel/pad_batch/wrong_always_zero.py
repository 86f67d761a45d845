# hint: Fill the ids up with pad_id
def pad_batch(rows, pad_id, side):
    width = max(map(len, rows), default=0)
    batch = {"input_ids": [], "attention_mask": []}
    for row in rows:
        padding, zeros, ones = [0] * (width - len(row)), [0] * (width - len(row)), [1] * len(row)
        batch["input_ids"].append(padding + row if side == "left" else row + padding)
        batch["attention_mask"].append(zeros + ones if side == "left" else ones + zeros)
    return batch
