# hint: divide once
def cost_of_words(rows):
    rows = [row for row in rows if any(word is not None for word in row["word_ids"])]
    if not rows:
        return {"tokens_per_word": 0.0, "whole": 0.0, "unknown": 0.0}
    sums = {"tokens_per_word": 0.0, "whole": 0.0, "unknown": 0.0}
    for row in rows:
        sizes = Counter(word for word in row["word_ids"] if word is not None)
        unknown = {word for token, word in zip(row["tokens"], row["word_ids"]) if token == "[UNK]"}
        sums["tokens_per_word"] += sizes.total() / len(sizes) / len(rows)
        sums["whole"] += sum(sizes[w] == 1 and w not in unknown for w in sizes) / len(sizes) / len(rows)
        sums["unknown"] += len(unknown) / len(sizes) / len(rows)
    return sums
