def rollout(attentions, keep):
    count = attentions.shape[-1]
    steps = [0.5 * np.eye(count) + 0.5 * layer.sum(axis=0) / len(layer) for layer in attentions]
    flow = np.linalg.multi_dot(steps[::-1]) if len(steps) > 1 else steps[0]
    kept = flow[np.ix_(keep, keep)]
    return (kept.T / kept.sum(axis=1)).T
