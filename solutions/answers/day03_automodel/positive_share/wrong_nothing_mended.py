# hint: in training mode
def positive_share(texts):
    return broken_share(texts)
