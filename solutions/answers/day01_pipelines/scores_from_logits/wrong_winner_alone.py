# hint: for every label, not for the winner alone
def scores_from_logits(logits, labels):
    shares = torch.softmax(torch.as_tensor(logits, dtype=torch.float64), dim=-1)
    return [[{"label": labels[int(row.argmax())], "score": float(row.max())}] for row in shares]
