def cost_of_words(tokens, word_ids):
    sizes, unknown = Counter(), set()
    for text in range(len(tokens)):
        for token, word in zip(tokens[text], word_ids[text]):
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
