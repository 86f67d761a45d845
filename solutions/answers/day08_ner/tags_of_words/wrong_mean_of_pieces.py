# hint: not the mean of all pieces
def tags_of_words(logits, word_ids, labels, count):
    tags = []
    for number in range(count):
        rows = [scores for scores, word in zip(logits, word_ids) if word == number]
        tags.append(labels[int(np.mean(rows, axis=0).argmax())] if rows else "O")
    return tags
