def scores_from_logits(logits, labels):
    shares = torch.softmax(torch.as_tensor(logits, dtype=torch.float64), dim=-1)
    results = []
    for row in shares:
        order = row.argsort(descending=True, stable=True).tolist()
        results.append([{"label": labels[i], "score": row[i].item()} for i in order])
    return results
