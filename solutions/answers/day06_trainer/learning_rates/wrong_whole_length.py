# hint: its length is what is left
def learning_rates(steps, warmup, peak):
    rates = []
    for k in range(steps):
        share = k / warmup if k < warmup else (steps - k) / steps
        rates.append(peak * share)
    return rates
