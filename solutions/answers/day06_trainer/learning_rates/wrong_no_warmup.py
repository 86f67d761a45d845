# hint: has to rise during the warm-up
def learning_rates(steps, warmup, peak):
    rates = []
    for k in range(steps):
        share = (steps - k) / steps
        rates.append(peak * share)
    return rates
