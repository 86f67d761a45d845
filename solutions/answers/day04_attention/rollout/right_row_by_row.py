def rollout(attentions, keep):
    count = attentions.shape[-1]
    flow = [np.eye(count)[i] for i in range(count)]
    for layer in attentions:
        weights = layer.mean(axis=0)
        flow = [flow[i] + sum(weights[i, j] * flow[j] for j in range(count)) for i in range(count)]
    rows = [[flow[i][j] for j in keep] for i in keep]
    return [[value / sum(row) for value in row] for row in rows]
