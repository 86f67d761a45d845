# hint: only what was added
def stories_at(beginning, temperatures, count, seed):
    found = {}
    for temperature in temperatures:
        set_seed(seed)
        options = {"do_sample": True, "temperature": temperature, "num_return_sequences": count}
        if temperature == 0:
            options = {"do_sample": False}
        told = teller(beginning, max_new_tokens=20, **options)
        texts = [story["generated_text"] for story in told]
        if temperature == 0:
            texts = texts * count
        words = " ".join(texts).split()
        found[temperature] = {"texts": texts, "variety": len(set(words)) / max(1, len(words))}
    return found
