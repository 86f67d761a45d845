def cut_word(word, vocabulary, mark=""):
    if not word:
        return []
    for length in range(len(word), 0, -1):
        if mark + word[:length] in vocabulary:
            rest = cut_word(word[length:], vocabulary, "##")
            return rest if rest == ["[UNK]"] else [mark + word[:length], *rest]
    return ["[UNK]"]
