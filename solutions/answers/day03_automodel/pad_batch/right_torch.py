def pad_batch(rows, pad_id, side):
    if not rows:
        return {"input_ids": [], "attention_mask": []}
    width = max(len(row) for row in rows)
    ids = torch.full((len(rows), width), pad_id)
    mask = torch.zeros_like(ids)
    for i, row in enumerate(rows):
        place = slice(width - len(row), width) if side == "left" else slice(0, len(row))
        ids[i, place] = torch.tensor(row, dtype=ids.dtype)
        mask[i, place] = 1
    return {"input_ids": ids, "attention_mask": mask}
