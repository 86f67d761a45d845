def sentence_vectors(hidden, mask):
    hidden, mask = torch.as_tensor(hidden), torch.as_tensor(mask).float()
    totals = torch.einsum("spn,sp->sn", hidden, mask)
    return totals / mask.sum(dim=1, keepdim=True).clamp(min=1)
