# hint: over which dimension
def scores_by_hand(texts):
    batch = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
    with torch.inference_mode():
        logits = model(**batch).logits
    return logits.softmax(dim=0).numpy()
