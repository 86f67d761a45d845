def plan_batches(lengths, run_cost, most):
    from functools import lru_cache

    order = sorted(range(len(lengths)), key=lengths.__getitem__)

    @lru_cache(maxsize=None)
    def best(count):
        """The smallest cost of the first texts, and how many of them the last batch takes."""
        if count == 0:
            return 0, 0
        longest = lengths[order[count - 1]]
        sizes = [size for size in range(1, count + 1) if size * longest <= most]
        return min((best(count - size)[0] + run_cost + size * longest, size) for size in sizes)

    for count in range(len(order)):  # from small to large, so that no call goes deep
        best(count)
    plan, left = [], len(order)
    while left:
        size = best(left)[1]
        plan.append(order[left - size : left])
        left -= size
    return plan
