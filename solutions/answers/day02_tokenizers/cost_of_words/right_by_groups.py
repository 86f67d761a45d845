from itertools import groupby


def cost_of_words(rows):
    groups = []
    for row in rows:
        for word, group in groupby(zip(row["word_ids"], row["tokens"]), key=lambda pair: pair[0]):
            if word is not None:
                groups.append([token for _, token in group])
    if not groups:
        return dict.fromkeys(["tokens_per_word", "whole", "unknown"], 0.0)
    tokens, whole, unknown = 0, 0, 0
    for group in groups:
        tokens += len(group)
        whole += len(group) == 1 and group[0] != "[UNK]"
        unknown += "[UNK]" in group
    return {"tokens_per_word": tokens / len(groups), "whole": whole / len(groups), "unknown": unknown / len(groups)}
