# hint: begins with a piece without ##
def cut_word(word, vocabulary):
    pieces, start = [], 0
    while start < len(word):
        for end in range(len(word), start, -1):
            fitting = [mark + word[start:end] for mark in ("", "##") if mark + word[start:end] in vocabulary]
            if fitting:
                break
        else:
            return ["[UNK]"]
        pieces.append(fitting[-1])
        start = end
    return pieces
