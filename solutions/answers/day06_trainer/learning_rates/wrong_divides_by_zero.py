# hint: nothing may be divided by zero
def learning_rates(steps, warmup, peak):
    rates = []
    for k in range(steps):
        share = min(k / warmup, (steps - k) / (steps - warmup))
        rates.append(peak * share)
    return rates
