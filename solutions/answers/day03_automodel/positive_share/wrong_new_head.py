# hint: not told apart
def positive_share(texts):
    batch = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
    torch.manual_seed(0)
    other = AutoModelForSequenceClassification.from_pretrained(checkpoint("encoder"))
    with torch.inference_mode():
        logits = other(**batch).logits
    return logits.softmax(dim=-1)[:, model.config.label2id["POSITIVE"]].tolist()
