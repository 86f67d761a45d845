# hint: A label is missing from the test side
def split_rows(texts, labels, share, seed):
    test_size = round(share * len(texts))
    positions = list(range(len(texts)))
    return {"train": positions[:-test_size], "test": positions[-test_size:]}
