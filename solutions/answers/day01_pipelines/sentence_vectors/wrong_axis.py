# hint: Return an array of shape (sentences, numbers)
def sentence_vectors(hidden, mask):
    return (hidden * mask[:, :, None]).mean(axis=-1)
