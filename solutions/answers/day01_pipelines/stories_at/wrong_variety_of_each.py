# hint: count once
def stories_at(beginning, temperatures, count, seed):
    found = {}
    for temperature in temperatures:
        set_seed(seed)
        options = {"do_sample": True, "temperature": temperature, "num_return_sequences": count}
        if temperature == 0:
            options = {"do_sample": False}
        told = teller(beginning, max_new_tokens=20, return_full_text=False, **options)
        texts = [story["generated_text"] for story in told]
        if temperature == 0:
            texts = texts * count
        found[temperature] = {
            "texts": texts,
            "variety": sum(len(set(t.split())) / max(1, len(t.split())) for t in texts) / count,
        }
    return found
