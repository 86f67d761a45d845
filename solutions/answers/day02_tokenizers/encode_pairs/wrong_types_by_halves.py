# hint: 0 for the question and 1 for the text
def encode_pairs(questions, texts, max_length):
    batch = tokenizer(questions, texts, padding=True, truncation="only_second", max_length=max_length)
    sep = tokenizer.sep_token_id
    types = [[0] * ids.index(sep) + [1] * (len(ids) - ids.index(sep)) for ids in batch["input_ids"]]
    return {"input_ids": batch["input_ids"], "token_type_ids": types, "attention_mask": batch["attention_mask"]}
