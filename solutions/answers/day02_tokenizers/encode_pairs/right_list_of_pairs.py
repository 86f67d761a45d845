def encode_pairs(questions, texts, max_length):
    pairs = list(zip(questions, texts))
    batch = tokenizer(pairs, padding="longest", truncation="only_second", max_length=max_length, return_tensors="np")
    return dict(batch)
