# hint: by their cosine
def neighbours_alike(positions, rows, columns):
    """Return the mean cosine similarity of neighbours, and of the others."""
    patches = np.asarray(positions)[1:]
    apart = np.linalg.norm(patches[:, None] - patches[None], axis=-1)
    row, column = np.divmod(np.arange(rows * columns), columns)
    steps = abs(row[:, None] - row) + abs(column[:, None] - column)
    return {"neighbours": float(apart[steps == 1].mean()), "others": float(apart[steps > 1].mean())}
