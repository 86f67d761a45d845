# hint: not for the word alone
def word_effects(text):
    words = text.split()
    texts = [" ".join(words), *words]
    batch = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
    with torch.inference_mode():
        shares = model(**batch).logits.softmax(dim=-1)[:, model.config.label2id["POSITIVE"]]
    return (shares[1:] - 0.5).tolist()
