# hint: An empty word has no pieces
def cut_word(word, vocabulary):
    pieces, start = [], 0
    while True:
        for end in range(len(word), start, -1):
            piece = ("##" if start else "") + word[start:end]
            if piece in vocabulary:
                break
        else:
            return ["[UNK]"]
        pieces.append(piece)
        start = end
        if start == len(word):
            return pieces
