# hint: multiply by peak
def learning_rates(steps, warmup, peak):
    rates = []
    for k in range(steps):
        share = k / warmup if k < warmup else (steps - k) / (steps - warmup)
        rates.append(share)
    return rates
