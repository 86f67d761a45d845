# hint: The question comes first
def encode_pairs(questions, texts, max_length):
    batch = tokenizer(texts, questions, padding=True, truncation="only_first", max_length=max_length)
    return {name: batch[name] for name in ["input_ids", "token_type_ids", "attention_mask"]}
