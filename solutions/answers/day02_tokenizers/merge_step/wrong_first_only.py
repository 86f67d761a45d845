# hint: wherever it stands
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
        places = [i for i in range(len(word) - 1) if (word[i], word[i + 1]) == best]
        merged.append(word[: places[0]] + ["".join(best)] + word[places[0] + 2 :] if places else word)
    return {"pair": list(best), "words": merged}
