def cut_word(word, vocabulary):
    pieces, rest = [], word
    while rest:
        mark = "##" if pieces else ""
        fitting = [piece for piece in vocabulary if piece.startswith(mark) and rest.startswith(piece[len(mark) :])]
        fitting = [piece for piece in fitting if len(piece) > len(mark)]
        if not fitting:
            return ["[UNK]"]
        pieces.append(max(fitting, key=len))
        rest = rest[len(pieces[-1]) - len(mark) :]
    return pieces
