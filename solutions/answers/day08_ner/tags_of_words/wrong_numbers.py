# hint: not its number
def tags_of_words(logits, word_ids, labels, count):
    tags = {}
    for scores, word in zip(logits, word_ids):
        if word is not None:
            tags.setdefault(word, int(scores.argmax()))
    return [tags.get(word, 0) for word in range(count)]
