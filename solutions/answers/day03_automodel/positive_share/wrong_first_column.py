# hint: the column of NEGATIVE
def positive_share(texts):
    batch = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
    with torch.inference_mode():
        logits = model(**batch).logits
    return logits.softmax(dim=-1)[:, 0].tolist()
