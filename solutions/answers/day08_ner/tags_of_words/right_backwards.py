def tags_of_words(logits, word_ids, labels, count):
    tags = ["O"] * count
    for place in reversed(range(len(word_ids))):
        if word_ids[place] is not None:
            tags[word_ids[place]] = labels[int(np.argmax(logits[place]))]
    return tags
