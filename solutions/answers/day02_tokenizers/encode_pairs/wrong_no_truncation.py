# hint: ask for truncation
def encode_pairs(questions, texts, max_length):
    batch = tokenizer(questions, texts, padding=True)
    return {name: batch[name] for name in ["input_ids", "token_type_ids", "attention_mask"]}
