# hint: All token types are 0
def encode_pairs(questions, texts, max_length):
    return broken_pairs(questions, texts, max_length)
