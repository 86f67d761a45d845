# hint: in training mode
def positive_share(texts):
    batch = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
    trained = AutoModelForSequenceClassification.from_pretrained(sentiment).train()
    with torch.inference_mode():
        logits = trained(**batch).logits
    return logits.softmax(dim=-1)[:, model.config.label2id["POSITIVE"]].tolist()
