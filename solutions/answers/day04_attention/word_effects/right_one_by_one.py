def word_effects(text):
    def positive(words):
        inputs = tokenizer(" ".join(words), truncation=True, return_tensors="pt")
        with torch.inference_mode():
            negative, positive = model(**inputs).logits.softmax(dim=-1)[0].tolist()
        return positive

    words = text.split()
    whole = positive(words)
    return [whole - positive(words[:i] + words[i + 1 :]) for i in range(len(words))]
