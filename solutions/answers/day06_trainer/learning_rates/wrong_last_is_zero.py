# hint: the last step still learns
def learning_rates(steps, warmup, peak):
    rates = []
    for k in range(steps):
        share = k / warmup if k < warmup else (steps - 1 - k) / max(1, steps - 1 - warmup)
        rates.append(peak * share)
    return rates
