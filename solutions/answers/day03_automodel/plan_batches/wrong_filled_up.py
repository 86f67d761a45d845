# hint: begin a new one when it pays
def plan_batches(lengths, run_cost, most):
    plan = []
    for i in sorted(range(len(lengths)), key=lambda i: lengths[i]):
        if plan and (len(plan[-1]) + 1) * lengths[i] <= most:
            plan[-1].append(i)
        else:
            plan.append([i])
    return plan
