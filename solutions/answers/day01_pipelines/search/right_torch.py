def search(query_vector, vectors, k):
    query, rows = torch.as_tensor(query_vector).double(), torch.as_tensor(vectors).double()
    scores = torch.cosine_similarity(rows, query[None], dim=-1)
    order = scores.argsort(descending=True, stable=True)[:k].tolist()
    return [{"index": i, "score": scores[i].item()} for i in order]
