def neighbours_alike(positions, rows, columns):
    """Return the mean cosine similarity of neighbours, and of the others."""
    sums = {"neighbours": [], "others": []}
    vectors = [vector / np.sqrt((vector**2).sum()) for vector in np.asarray(positions, dtype=float)[1:]]
    for a in range(rows * columns):
        for b in range(a):
            down, across = a // columns - b // columns, abs(a % columns - b % columns)
            kind = "neighbours" if down + across == 1 else "others"
            sums[kind].append(float(vectors[a] @ vectors[b]))
    return {kind: sum(values) / len(values) for kind, values in sums.items()}
