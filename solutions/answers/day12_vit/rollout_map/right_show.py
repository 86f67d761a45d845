def rollout_map(attentions, rows, columns):
    """Return the share of each patch in what [CLS] has gathered after all layers."""
    flow = show.rollout(attentions)[0, 1:]
    return (flow / flow.sum()).reshape(rows, columns)
