# hint: divide once
def cost_of_words(tokens, word_ids):
    rows = [pair for pair in zip(tokens, word_ids) if any(word is not None for word in pair[1])]
    if not rows:
        return {"tokens_per_word": 0.0, "whole": 0.0, "unknown": 0.0}
    sums = {"tokens_per_word": 0.0, "whole": 0.0, "unknown": 0.0}
    for row, numbers in rows:
        sizes = Counter(word for word in numbers if word is not None)
        unknown = {word for token, word in zip(row, numbers) if token == "[UNK]"}
        sums["tokens_per_word"] += sizes.total() / len(sizes) / len(rows)
        sums["whole"] += sum(sizes[w] == 1 and w not in unknown for w in sizes) / len(sizes) / len(rows)
        sums["unknown"] += len(unknown) / len(sizes) / len(rows)
    return sums
