# hint: must not move up
def tags_of_words(logits, word_ids, labels, count):
    tags, previous = [], None
    for scores, word in zip(logits, word_ids):
        if word is not None and word != previous:
            tags.append(labels[int(scores.argmax())])
        previous = word
    return tags
