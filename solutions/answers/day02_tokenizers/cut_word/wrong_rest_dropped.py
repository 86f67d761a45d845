# hint: nothing is left out
def cut_word(word, vocabulary):
    pieces, start = [], 0
    while start < len(word):
        for end in range(len(word), start, -1):
            piece = ("##" if start else "") + word[start:end]
            if piece in vocabulary:
                break
        else:
            break
        pieces.append(piece)
        start = end
    return pieces
