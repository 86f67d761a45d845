# hint: do_sample=False
def stories_at(beginning, temperatures, count, seed):
    found = {}
    for temperature in temperatures:
        set_seed(seed)
        options = {"do_sample": True, "temperature": temperature, "num_return_sequences": count}
        told = teller(beginning, max_new_tokens=20, return_full_text=False, **options)
        texts = [story["generated_text"] for story in told]
        words = " ".join(texts).split()
        found[temperature] = {"texts": texts, "variety": len(set(words)) / max(1, len(words))}
    return found
