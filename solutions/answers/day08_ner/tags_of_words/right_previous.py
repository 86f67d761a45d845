def tags_of_words(logits, word_ids, labels, count):
    tags, previous = ["O"] * count, None
    for word, best in zip(word_ids, np.asarray(logits).argmax(axis=1)):
        if word is not None and word != previous:
            tags[word] = labels[best]
        previous = word
    return tags
