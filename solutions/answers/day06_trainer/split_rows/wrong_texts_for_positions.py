# hint: positions: whole numbers, not texts
def split_rows(texts, labels, share, seed):
    chance = random.Random(seed)
    chosen = set()
    for label in dict.fromkeys(labels):
        different = list(dict.fromkeys(text for text, one in zip(texts, labels) if one == label))
        chosen.update(chance.sample(different, round(share * len(different))))
    return {
        "train": [text for text in texts if text not in chosen],
        "test": [i for i, text in enumerate(texts) if text in chosen],
    }
