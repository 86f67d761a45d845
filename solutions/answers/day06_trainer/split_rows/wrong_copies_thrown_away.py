# hint: they are not thrown away
def split_rows(texts, labels, share, seed):
    chance = random.Random(seed)
    chosen = set()
    for label in dict.fromkeys(labels):
        different = list(dict.fromkeys(text for text, one in zip(texts, labels) if one == label))
        chosen.update(chance.sample(different, round(share * len(different))))
    return {
        "train": [texts.index(text) for text in dict.fromkeys(texts) if text not in chosen],
        "test": [texts.index(text) for text in dict.fromkeys(texts) if text in chosen],
    }
