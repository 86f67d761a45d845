def stories_at(beginning, temperatures, count, seed):
    tokenizer, model = teller.tokenizer, teller.model
    inputs = tokenizer([beginning] * count, return_tensors="pt")
    found = {}
    for temperature in temperatures:
        torch.manual_seed(seed)
        chance = {"do_sample": True, "temperature": float(temperature)} if temperature else {"do_sample": False}
        ids = model.generate(**inputs, max_new_tokens=20, pad_token_id=tokenizer.pad_token_id, **chance)
        added = ids[:, inputs["input_ids"].shape[1] :]
        texts = tokenizer.batch_decode(added, skip_special_tokens=True)
        words = sum((text.split() for text in texts), [])
        found[temperature] = {"texts": texts, "variety": len(set(words)) / len(words) if words else 0.0}
    return found
