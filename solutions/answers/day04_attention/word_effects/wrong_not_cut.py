# hint: too long for the model
def word_effects(text):
    words = text.split()
    texts = [" ".join(words), *(" ".join(words[:i] + words[i + 1 :]) for i in range(len(words)))]
    batch = tokenizer(texts, padding=True, return_tensors="pt")
    with torch.inference_mode():
        shares = model(**batch).logits.softmax(dim=-1)[:, model.config.label2id["POSITIVE"]]
    return (shares[0] - shares[1:]).tolist()
