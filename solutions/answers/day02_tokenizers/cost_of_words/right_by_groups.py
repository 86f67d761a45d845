from itertools import groupby


def cost_of_words(tokens, word_ids):
    groups = []
    for row, numbers in zip(tokens, word_ids):
        for word, group in groupby(zip(numbers, row), key=lambda pair: pair[0]):
            if word is not None:
                groups.append([token for _, token in group])
    if not groups:
        return dict.fromkeys(["tokens_per_word", "whole", "unknown"], 0.0)
    total, whole, unknown = 0, 0, 0
    for group in groups:
        total += len(group)
        whole += len(group) == 1 and group[0] != "[UNK]"
        unknown += "[UNK]" in group
    return {"tokens_per_word": total / len(groups), "whole": whole / len(groups), "unknown": unknown / len(groups)}
