def classify_pictures(pictures):
    """Return label and score of each picture."""
    answers = []
    for picture in pictures:
        fractions = np.issubdtype(picture.dtype, np.floating)
        inputs = processor(picture, do_rescale=not fractions, return_tensors="pt")
        with torch.inference_mode():
            shares = model(**inputs).logits.softmax(dim=-1)[0]
        score, best = shares.max(dim=0)
        answers.append({"label": model.config.id2label[best.item()], "score": score.item()})
    return answers
