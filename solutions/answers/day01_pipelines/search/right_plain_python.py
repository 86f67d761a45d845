import math


def search(query_vector, vectors, k):
    def length(vector):
        return math.sqrt(sum(x * x for x in vector))

    found = []
    for index, vector in enumerate(vectors):
        both = length(query_vector) * length(vector)
        product = sum(float(a) * float(b) for a, b in zip(query_vector, vector))
        found.append({"index": index, "score": float(product / both) if both else 0.0})
    found.sort(key=lambda entry: entry["score"], reverse=True)
    return found[:k]
