def compare_models(labels, first, second):
    ones = twos = 0
    for truth, a, b in zip(labels, first, second):
        ones += a == truth and b != truth
        twos += b == truth and a != truth
    total = ones + twos
    chance = 0.0
    for heads in range(total + 1):
        if min(heads, total - heads) <= min(ones, twos):
            chance += comb(total, heads) / 2**total
    gain = twos / len(labels) - ones / len(labels)
    return {"gain": gain, "only_first": ones, "only_second": twos, "chance": chance}
