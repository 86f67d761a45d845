# hint: no more than k documents
def search(query_vector, vectors, k):
    lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(query_vector)
    scores = vectors @ query_vector / np.where(lengths == 0, 1, lengths)
    return [{"index": int(i), "score": float(scores[i])} for i in np.argsort(-scores, kind="stable")]
