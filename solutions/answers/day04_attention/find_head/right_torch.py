def find_head(attentions, distance):
    inner = [torch.as_tensor(weights)[:, :, 1:-1, 1:-1] for weights in attentions]
    long_enough = [weights for weights in inner if weights.shape[-1] > abs(distance)]
    shares = torch.cat([weights.diagonal(distance, -2, -1) for weights in long_enough], dim=-1).mean(dim=-1)
    layer, head = divmod(shares.argmax().item(), shares.shape[1])
    return {"layer": layer, "head": head, "share": shares.max().item()}
