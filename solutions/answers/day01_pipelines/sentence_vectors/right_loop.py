def sentence_vectors(hidden, mask):
    vectors = np.zeros((hidden.shape[0], hidden.shape[2]))
    for i, (places, keep) in enumerate(zip(hidden, mask)):
        if keep.any():
            vectors[i] = places[keep == 1].mean(axis=0)
    return vectors
