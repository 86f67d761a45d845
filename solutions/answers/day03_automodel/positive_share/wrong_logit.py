# hint: between 0 and 1
def positive_share(texts):
    batch = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
    with torch.inference_mode():
        logits = model(**batch).logits
    return logits[:, model.config.label2id["POSITIVE"]].tolist()
