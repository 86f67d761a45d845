# hint: Right scores beside the wrong labels
def scores_from_logits(logits, labels):
    shares = torch.softmax(torch.as_tensor(logits, dtype=torch.float64), dim=-1)
    best_first = shares.sort(dim=-1, descending=True).values.tolist()
    return [[{"label": label, "score": share} for label, share in zip(labels, row)] for row in best_first]
