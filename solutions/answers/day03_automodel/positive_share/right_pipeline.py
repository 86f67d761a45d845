def positive_share(texts):
    from transformers import pipeline

    judge = pipeline("text-classification", model=model, tokenizer=tokenizer)
    rows = judge(texts, top_k=None, truncation=True, padding=True, batch_size=len(texts))
    return [next(entry["score"] for entry in row if entry["label"] == "POSITIVE") for row in rows]
