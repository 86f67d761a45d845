# hint: not words a token
def cost_of_words(tokens, word_ids):
    words = []
    for row, numbers in zip(tokens, word_ids):
        pieces = {}
        for token, word in zip(row, numbers):
            if word is not None:
                pieces.setdefault(word, []).append(token)
        words += pieces.values()
    total = len(words) or 1
    return {
        "tokens_per_word": len(words) / (sum(len(word) for word in words) or 1),
        "whole": sum(len(word) == 1 and "[UNK]" not in word for word in words) / total,
        "unknown": sum("[UNK]" in word for word in words) / total,
    }
