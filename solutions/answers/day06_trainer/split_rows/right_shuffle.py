def split_rows(texts, labels, share, seed):
    chance = np.random.default_rng(seed)
    trays = {}
    for text, label in zip(texts, labels):
        trays.setdefault(label, {})[text] = None
    test_texts = set()
    for tray in trays.values():
        different = list(tray)
        chance.shuffle(different)
        test_texts |= set(different[: int(share * len(different) + 0.5)])
    test = [i for i, text in enumerate(texts) if text in test_texts]
    return {"train": sorted(set(range(len(texts))) - set(test)), "test": test}
