# hint: Keep their dimension
def rollout(attentions, keep):
    itself = np.eye(attentions.shape[-1])
    flow = itself
    for layer in attentions:
        flow = (itself + layer.mean(axis=0)) / 2 @ flow
    kept = flow[keep][:, keep]
    return kept / kept.sum(axis=1)
