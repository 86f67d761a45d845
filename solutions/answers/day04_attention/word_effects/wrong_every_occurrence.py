# hint: taken out in either order
def word_effects(text):
    words = text.split()
    texts = [" ".join(words), *(" ".join(one for one in words if one != word) for word in words)]
    batch = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
    with torch.inference_mode():
        shares = model(**batch).logits.softmax(dim=-1)[:, model.config.label2id["POSITIVE"]]
    return (shares[0] - shares[1:]).tolist()
