# hint: put some together
def plan_batches(lengths, run_cost, most):
    return [[i] for i in range(len(lengths))]
