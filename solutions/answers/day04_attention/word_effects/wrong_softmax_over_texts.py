# hint: taken out in either order
def word_effects(text):
    words = text.split()
    texts = [" ".join(words), *(" ".join(words[:i] + words[i + 1 :]) for i in range(len(words)))]
    batch = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
    with torch.inference_mode():
        shares = model(**batch).logits.softmax(dim=0)[:, model.config.label2id["POSITIVE"]]
    return (shares[0] - shares[1:]).tolist()
