# hint: divide by both lengths
def search(query_vector, vectors, k):
    scores = vectors @ query_vector
    best = np.argsort(-scores, kind="stable")[:k]
    return [{"index": int(i), "score": float(scores[i])} for i in best]
