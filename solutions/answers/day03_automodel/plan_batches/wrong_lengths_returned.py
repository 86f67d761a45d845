# hint: not the lengths themselves
def plan_batches(lengths, run_cost, most):
    order = sorted(range(len(lengths)), key=lambda i: lengths[i])
    cheapest, begins = [0], []
    for end in range(1, len(order) + 1):
        longest = lengths[order[end - 1]]
        options = [
            (cheapest[begin] + run_cost + (end - begin) * longest, begin)
            for begin in range(end)
            if (end - begin) * longest <= most
        ]
        cost, begin = min(options)
        cheapest.append(cost)
        begins.append(begin)
    batches, end = [], len(order)
    while end > 0:
        batches.append(order[begins[end - 1] : end])
        end = begins[end - 1]
    return [[lengths[i] for i in batch] for batch in batches]
