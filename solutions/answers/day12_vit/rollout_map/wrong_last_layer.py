# hint: That is the last layer alone
def rollout_map(attentions, rows, columns):
    """Return the share of each patch in what [CLS] has gathered after all layers."""
    drawn = attentions[-1].mean(axis=0)[0, 1:].reshape(rows, columns)
    return drawn / drawn.sum()
