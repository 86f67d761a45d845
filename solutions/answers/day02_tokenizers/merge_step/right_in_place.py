def merge_step(words, counts):
    pairs = Counter()
    for word, count in zip(words, counts):
        for left, right in zip(word[:-1], word[1:]):
            pairs[left, right] += count
    best = max(sorted(pairs), key=pairs.get, default=None)
    if best is None:
        return {"pair": None, "words": words}
    for word in words:
        i = 0
        while i + 1 < len(word):
            if (word[i], word[i + 1]) == best:
                word[i : i + 2] = [word[i] + word[i + 1]]
            i += 1
    return {"pair": best, "words": words}
