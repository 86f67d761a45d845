# hint: from left to right
def merge_step(words, counts):
    totals = Counter()
    for word, count in zip(words, counts):
        for pair in zip(word, word[1:]):
            totals[pair] += count
    if not totals:
        return {"pair": None, "words": words}
    best = min(totals, key=lambda pair: (-totals[pair], pair))
    merged = []
    for word in words:
        pieces, end = [], len(word)
        while end > 0:
            width = 2 if tuple(word[max(end - 2, 0) : end]) == best else 1
            pieces.insert(0, "".join(word[end - width : end]))
            end -= width
        merged.append(pieces)
    return {"pair": list(best), "words": merged}
