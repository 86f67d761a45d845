# hint: sort by length first
def plan_batches(lengths, run_cost, most):
    plan = []
    for i, length in enumerate(lengths):
        if plan and (len(plan[-1]) + 1) * max(length, max(lengths[j] for j in plan[-1])) <= most:
            plan[-1].append(i)
        else:
            plan.append([i])
    return plan
