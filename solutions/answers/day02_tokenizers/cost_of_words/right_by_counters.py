def cost_of_words(rows):
    sizes, unknown = Counter(), set()
    for text, row in enumerate(rows):
        for token, word in zip(row["tokens"], row["word_ids"]):
            if word is None:
                continue
            sizes[text, word] += 1
            if token == "[UNK]":
                unknown.add((text, word))
    if not sizes:
        return {"tokens_per_word": 0.0, "whole": 0.0, "unknown": 0.0}
    whole = [key for key, size in sizes.items() if size == 1 and key not in unknown]
    return {
        "tokens_per_word": sum(sizes.values()) / len(sizes),
        "whole": len(whole) / len(sizes),
        "unknown": len(unknown) / len(sizes),
    }
