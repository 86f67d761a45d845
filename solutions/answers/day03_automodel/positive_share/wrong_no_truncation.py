# hint: is cut
def positive_share(texts):
    batch = tokenizer(texts, padding=True, return_tensors="pt")
    with torch.inference_mode():
        logits = model(**batch).logits
    return logits.softmax(dim=-1)[:, model.config.label2id["POSITIVE"]].tolist()
