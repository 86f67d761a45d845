def tags_of_words(logits, word_ids, labels, count):
    best = logits.argmax(axis=-1)
    return [labels[best[word_ids.index(word)]] if word in word_ids else "O" for word in range(count)]
