# hint: how it is written and what else is in the list must not matter
def classify_pictures(pictures):
    """Return label and score of each picture."""
    answers = []
    for one in pictures:
        inputs = processor(one, do_rescale=False, return_tensors="pt")
        with torch.inference_mode():
            shares = model(**inputs).logits.softmax(dim=-1)[0]
        answers.append({"label": model.config.id2label[shares.argmax().item()], "score": shares.max().item()})
    return answers
