# hint: leave them out at the end
def rollout(attentions, keep):
    attentions = attentions[:, :, keep][:, :, :, keep]
    itself = np.eye(len(keep))
    flow = itself
    for layer in attentions:
        flow = (itself + layer.mean(axis=0)) / 2 @ flow
    return flow / flow.sum(axis=1, keepdims=True)
