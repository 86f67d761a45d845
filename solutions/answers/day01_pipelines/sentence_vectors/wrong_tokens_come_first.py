# hint: the padding may stand in front
def sentence_vectors(hidden, mask):
    vectors = np.zeros((hidden.shape[0], hidden.shape[2]))
    for i, length in enumerate(mask.sum(axis=1)):
        if length:
            vectors[i] = hidden[i, :length].mean(axis=0)
    return vectors
