def pad_batch(rows, pad_id, side):
    if not rows:
        return {"input_ids": [], "attention_mask": []}
    from torch.nn.utils.rnn import pad_sequence

    ids = [torch.tensor(row, dtype=torch.long) for row in rows]
    ones = [torch.ones_like(row) for row in ids]
    return {
        "input_ids": pad_sequence(ids, True, pad_id, side).tolist(),
        "attention_mask": pad_sequence(ones, True, 0, side).tolist(),
    }
