from sklearn.model_selection import train_test_split


def split_rows(texts, labels, share, seed):
    label_of = dict(zip(texts, labels))
    _, test_texts = train_test_split(
        list(label_of), test_size=share, random_state=seed, stratify=list(label_of.values())
    )
    test_texts = set(test_texts)
    test = [i for i, text in enumerate(texts) if text in test_texts]
    train = [i for i, text in enumerate(texts) if text not in test_texts]
    return {"train": train, "test": test}
