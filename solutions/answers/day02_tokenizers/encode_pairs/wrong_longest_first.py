# hint: only its text may be cut
def encode_pairs(questions, texts, max_length):
    batch = tokenizer(questions, texts, padding=True, truncation=True, max_length=max_length)
    return {name: batch[name] for name in ["input_ids", "token_type_ids", "attention_mask"]}
