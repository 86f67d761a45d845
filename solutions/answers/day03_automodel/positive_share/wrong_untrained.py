# hint: not told apart
def positive_share(texts):
    batch = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
    judge.eval()
    with torch.inference_mode():
        logits = judge(**batch).logits
    return logits.softmax(dim=-1)[:, model.config.label2id["POSITIVE"]].tolist()
