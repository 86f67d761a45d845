# hint: go on behind it
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
        pieces, before = word[:1], word[0]
        for piece in word[1:]:
            if (before, piece) == best:
                pieces[-1] += piece
            else:
                pieces.append(piece)
            before = piece
        merged.append(pieces)
    return {"pair": list(best), "words": merged}
