def encode_pairs(questions, texts, max_length):
    rows = {"input_ids": [], "token_type_ids": [], "attention_mask": []}
    for question, text in zip(questions, texts):
        head = tokenizer(question)["input_ids"]
        tail = tokenizer(text, add_special_tokens=False)["input_ids"][: max_length - len(head) - 1]
        tail = tail + [tokenizer.sep_token_id]
        rows["input_ids"].append(head + tail)
        rows["token_type_ids"].append([0] * len(head) + [1] * len(tail))
        rows["attention_mask"].append([1] * (len(head) + len(tail)))
    width = max(map(len, rows["input_ids"]))
    return {name: [row + [0] * (width - len(row)) for row in table] for name, table in rows.items()}
