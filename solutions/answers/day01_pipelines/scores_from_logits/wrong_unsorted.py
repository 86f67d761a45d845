# hint: The highest score comes first
def scores_from_logits(logits, labels):
    shares = torch.softmax(torch.as_tensor(logits, dtype=torch.float64), dim=-1).tolist()
    return [[{"label": label, "score": share} for label, share in zip(labels, row)] for row in shares]
