# hint: A score of 0 still gets a weight
def attend(query, key, value, mask):
    scores = query @ key.T / np.sqrt(query.shape[1])
    if mask is not None:
        scores = scores * mask
    highest = np.nan_to_num(scores.max(axis=1, keepdims=True), neginf=0)
    powers = np.exp(scores - highest)
    sums = powers.sum(axis=1, keepdims=True)
    weights = powers / np.where(sums > 0, sums, 1)
    return {"weights": weights, "output": weights @ value}
