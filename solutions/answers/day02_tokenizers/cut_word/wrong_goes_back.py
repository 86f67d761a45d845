# hint: never goes back
def cut_word(word, vocabulary):
    def search(start):
        if start == len(word):
            return []
        for end in range(len(word), start, -1):
            piece = ("##" if start else "") + word[start:end]
            if piece in vocabulary:
                rest = search(end)
                if rest is not None:
                    return [piece, *rest]
        return None

    found = search(0)
    return ["[UNK]"] if found is None else found
