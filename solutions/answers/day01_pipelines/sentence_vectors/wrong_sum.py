# hint: This is the sum over the tokens
def sentence_vectors(hidden, mask):
    return (hidden * mask[:, :, None]).sum(axis=1)
