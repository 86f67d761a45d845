def rollout_map(attentions, rows, columns):
    """Return the share of each patch in what [CLS] has gathered after all layers."""
    drawn = np.zeros(1 + rows * columns)
    drawn[0] = 1.0
    for layer in reversed(attentions):
        drawn = 0.5 * drawn + 0.5 * drawn @ layer.mean(axis=0)
    return (drawn[1:] / drawn[1:].sum()).reshape(rows, columns)
