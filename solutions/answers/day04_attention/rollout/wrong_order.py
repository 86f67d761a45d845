# hint: in the wrong order
def rollout(attentions, keep):
    itself = np.eye(attentions.shape[-1])
    flow = itself
    for layer in attentions:
        flow = flow @ (itself + layer.mean(axis=0)) / 2
    kept = flow[keep][:, keep]
    return kept / kept.sum(axis=1, keepdims=True)
