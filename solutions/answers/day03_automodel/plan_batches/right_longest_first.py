def plan_batches(lengths, run_cost, most):
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
    plans = [(0, [])]
    for end in range(1, len(order) + 1):
        best = None
        for begin in range(end):
            places = (end - begin) * lengths[order[begin]]
            if places <= most:
                cost = plans[begin][0] + run_cost + places
                if best is None or cost < best[0]:
                    best = (cost, plans[begin][1] + [order[begin:end]])
        plans.append(best)
    return plans[-1][1]
