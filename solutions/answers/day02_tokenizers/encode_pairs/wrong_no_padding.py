# hint: ask the tokenizer for padding
def encode_pairs(questions, texts, max_length):
    batch = tokenizer(questions, texts, truncation="only_second", max_length=max_length)
    return {name: batch[name] for name in ["input_ids", "token_type_ids", "attention_mask"]}
