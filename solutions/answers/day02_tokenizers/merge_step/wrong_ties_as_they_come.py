# hint: first in the alphabet
def merge_step(words, counts):
    totals = Counter()
    for word, count in zip(words, counts):
        for pair in zip(word, word[1:]):
            totals[pair] += count
    if not totals:
        return {"pair": None, "words": words}
    best = max(totals, key=totals.get)
    merged = []
    for word in words:
        pieces, start = [], 0
        while start < len(word):
            width = 2 if tuple(word[start : start + 2]) == best else 1
            pieces.append("".join(word[start : start + width]))
            start += width
        merged.append(pieces)
    return {"pair": list(best), "words": merged}
