# hint: touch only at a corner
def neighbours_alike(positions, rows, columns):
    """Return the mean cosine similarity of neighbours, and of the others."""
    patches = np.asarray(positions)[1:]
    unit = patches / np.linalg.norm(patches, axis=1, keepdims=True)
    alike = unit @ unit.T
    row, column = np.divmod(np.arange(rows * columns), columns)
    steps = np.maximum(abs(row[:, None] - row), abs(column[:, None] - column))
    return {"neighbours": float(alike[steps == 1].mean()), "others": float(alike[steps > 1].mean())}
