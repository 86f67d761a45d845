def join(word, left, right):
    if len(word) < 2:
        return word
    if word[0] == left and word[1] == right:
        return [left + right] + join(word[2:], left, right)
    return word[:1] + join(word[1:], left, right)


def merge_step(words, counts):
    frequency = {}
    for word, count in zip(words, counts):
        for i in range(len(word) - 1):
            frequency[word[i], word[i + 1]] = frequency.get((word[i], word[i + 1]), 0) + count
    if not frequency:
        return {"pair": None, "words": words}
    left, right = sorted(frequency.items(), key=lambda item: (-item[1], item[0]))[0][0]
    return {"pair": [left, right], "words": [join(word, left, right) for word in words]}
