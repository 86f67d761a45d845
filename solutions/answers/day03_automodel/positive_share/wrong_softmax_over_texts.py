# hint: not told apart
def positive_share(texts):
    batch = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
    with torch.inference_mode():
        logits = model(**batch).logits
    return logits.softmax(dim=0)[:, model.config.label2id["POSITIVE"]].tolist()
