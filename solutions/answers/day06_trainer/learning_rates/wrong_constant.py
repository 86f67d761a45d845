# hint: does not stay at its peak
def learning_rates(steps, warmup, peak):
    rates = []
    for k in range(steps):
        share = k / warmup if k < warmup else 1
        rates.append(peak * share)
    return rates
