def learning_rates(steps, warmup, peak):
    k = np.arange(steps)
    up = k / max(warmup, 1)
    down = (steps - k) / max(steps - warmup, 1)
    return peak * np.where(k < warmup, up, down)
