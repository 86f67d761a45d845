# hint: how it is written and what else is in the list must not matter
def classify_pictures(pictures):
    """Return label and score of each picture."""
    fractions = pictures[0].dtype.kind == "f"
    inputs = processor(pictures, do_rescale=not fractions, return_tensors="pt")
    with torch.inference_mode():
        shares = model(**inputs).logits.softmax(dim=-1)
    return [{"label": model.config.id2label[row.argmax().item()], "score": row.max().item()} for row in shares]
