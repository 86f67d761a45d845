def rollout_map(attentions, rows, columns):
    """Return the share of each patch in what [CLS] has gathered after all layers."""
    eye = torch.eye(1 + rows * columns, dtype=torch.float64)
    mixed = [torch.as_tensor(layer).double().mean(dim=0) / 2 + eye / 2 for layer in attentions]
    flow = mixed[-1]
    for matrix in mixed[-2::-1]:
        flow = flow @ matrix
    drawn = flow[0][1:]
    return (drawn / drawn.sum()).view(rows, columns).numpy()
