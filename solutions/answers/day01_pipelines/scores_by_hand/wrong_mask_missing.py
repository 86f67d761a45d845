# hint: the model reads the padding
def scores_by_hand(texts):
    batch = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
    with torch.inference_mode():
        logits = model(batch["input_ids"]).logits
    return logits.softmax(dim=-1).numpy()
