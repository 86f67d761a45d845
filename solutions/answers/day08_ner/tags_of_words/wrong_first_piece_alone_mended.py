# hint: a row for special tokens too
def tags_of_words(logits, word_ids, labels, count):
    tags = {}
    numbers = [word for word in word_ids if word is not None]
    for scores, word in zip(logits, numbers):
        tags.setdefault(word, labels[int(scores.argmax())])
    return [tags.get(word, "O") for word in range(count)]
