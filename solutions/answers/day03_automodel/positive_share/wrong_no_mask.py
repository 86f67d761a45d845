# hint: hand it the attention mask
def positive_share(texts):
    batch = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
    with torch.inference_mode():
        logits = model(input_ids=batch["input_ids"]).logits
    return logits.softmax(dim=-1)[:, model.config.label2id["POSITIVE"]].tolist()
