# hint: Each row sums to 1
def rollout(attentions, keep):
    flow = np.eye(attentions.shape[-1])
    for layer in attentions:
        flow = flow @ layer.mean(axis=0)
    kept = flow[keep][:, keep]
    return kept / kept.sum(axis=-1)
