def attend(query, key, value, mask):
    weights = []
    for i, one in enumerate(query):
        places = [j for j in range(len(key)) if mask is None or mask[i][j]]
        scores = {j: float(one @ key[j]) / len(one) ** 0.5 for j in places}
        powers = {j: np.exp(score - max(scores.values())) for j, score in scores.items()}
        weights.append([powers.get(j, 0) / sum(powers.values()) if powers else 0.0 for j in range(len(key))])
    return {"weights": weights, "output": (np.array(weights) @ value).tolist()}
