def neighbours_alike(positions, rows, columns):
    """Return the mean cosine similarity of neighbours, and of the others."""
    patches = torch.as_tensor(np.asarray(positions)[1:])
    alike = torch.nn.functional.cosine_similarity(patches[:, None], patches[None], dim=-1)
    map_ = alike.reshape(rows, columns, rows, columns)
    beside = torch.stack([map_[y, x, y, x + 1] for y in range(rows) for x in range(columns - 1)])
    below = torch.stack([map_[y, x, y + 1, x] for y in range(rows - 1) for x in range(columns)])
    edges = torch.cat([beside, below])
    count = rows * columns * (rows * columns - 1) // 2
    total = (alike.sum() - alike.trace()) / 2
    others = (total - edges.sum()) / (count - len(edges))
    return {"neighbours": edges.mean().item(), "others": others.item()}
