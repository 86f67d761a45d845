from scipy.stats import binomtest


def compare_models(labels, first, second):
    labels, first, second = (np.array(x) for x in (labels, first, second))
    only_first = int(((first == labels) & (second != labels)).sum())
    only_second = int(((second == labels) & (first != labels)).sum())
    total = only_first + only_second
    chance = binomtest(only_first, total, 0.5).pvalue if total else 1.0
    gain = (second == labels).mean() - (first == labels).mean()
    return {"gain": gain, "only_first": only_first, "only_second": only_second, "chance": chance}
