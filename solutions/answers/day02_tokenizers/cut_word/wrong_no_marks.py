# hint: has ## in front
def cut_word(word, vocabulary):
    bare = {piece.removeprefix("##") for piece in vocabulary}
    pieces = []
    while word:
        for end in range(len(word), 0, -1):
            if word[:end] in bare:
                break
        else:
            return ["[UNK]"]
        pieces.append(word[:end])
        word = word[end:]
    return pieces
