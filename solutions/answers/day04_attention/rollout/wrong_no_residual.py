# hint: The residual is missing
def rollout(attentions, keep):
    itself = np.eye(attentions.shape[-1])
    flow = itself
    for layer in attentions:
        flow = layer.mean(axis=0) @ flow
    kept = flow[keep][:, keep]
    return kept / kept.sum(axis=1, keepdims=True)
