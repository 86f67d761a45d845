# hint: has the rate 0
def learning_rates(steps, warmup, peak):
    rates = []
    for k in range(steps):
        share = (k + 1) / warmup if k < warmup else (steps - k) / (steps - warmup)
        rates.append(peak * share)
    return rates
