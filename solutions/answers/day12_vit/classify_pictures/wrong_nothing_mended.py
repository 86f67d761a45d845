# hint: not over the pictures
def classify_pictures(pictures):
    """Return label and score of each picture."""
    inputs = processor(pictures, return_tensors="pt")
    with torch.inference_mode():
        shares = model(**inputs).logits.softmax(dim=0)
    return [{"label": model.config.id2label[row.argmax().item()], "score": row.max().item()} for row in shares]
