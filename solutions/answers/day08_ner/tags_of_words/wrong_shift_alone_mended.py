# hint: a later one wins
def tags_of_words(logits, word_ids, labels, count):
    tags = ["O"] * count
    for scores, word in zip(logits, word_ids):
        if word is not None:
            tags[word] = labels[int(scores.argmax())]
    return tags
