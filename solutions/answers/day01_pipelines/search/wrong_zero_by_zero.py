# hint: 0 was divided by 0
def search(query_vector, vectors, k):
    scores = vectors @ query_vector / (np.linalg.norm(vectors, axis=1) * np.linalg.norm(query_vector))
    best = np.argsort(-scores, kind="stable")[:k]
    return [{"index": int(i), "score": float(scores[i])} for i in best]
