def score_texts(texts, batches):
    shares = torch.zeros(len(texts), model.config.num_labels)
    for positions in batches:
        inputs = tokenizer([texts[i] for i in positions], padding="longest", truncation=True, return_tensors="pt")
        with torch.no_grad():
            shares[positions] = torch.nn.functional.softmax(model(**inputs).logits, dim=1)
    names = [model.config.id2label[i] for i in range(model.config.num_labels)]
    return [dict(zip(names, row)) for row in shares.tolist()]
