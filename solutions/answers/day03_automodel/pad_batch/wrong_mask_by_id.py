# hint: Go by the place, not by the id
def pad_batch(rows, pad_id, side):
    width = max(map(len, rows), default=0)
    batch = {"input_ids": [], "attention_mask": []}
    for row in rows:
        padding = [pad_id] * (width - len(row))
        batch["input_ids"].append(padding + row if side == "left" else row + padding)
        batch["attention_mask"].append([int(number != pad_id) for number in batch["input_ids"][-1]])
    return batch
