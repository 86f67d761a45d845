# hint: Try each place
def plan_batches(lengths, run_cost, most):
    plan = []
    for i in sorted(range(len(lengths)), key=lambda i: lengths[i]):
        if plan:
            last = plan[-1]
            padding = len(last) * (lengths[i] - lengths[last[-1]])
            if padding <= run_cost and (len(last) + 1) * lengths[i] <= most:
                last.append(i)
                continue
        plan.append([i])
    return plan
