def stories_at(beginning, temperatures, count, seed):
    def tell(temperature):
        set_seed(seed)
        if not temperature:
            return [teller(beginning, max_new_tokens=20, do_sample=False)[0]["generated_text"]] * count
        rows = teller([beginning], max_new_tokens=20, temperature=temperature, num_return_sequences=count)[0]
        return [row["generated_text"] for row in rows]

    texts = {temperature: [text[len(beginning) :] for text in tell(temperature)] for temperature in temperatures}
    words = {temperature: [word for text in texts[temperature] for word in text.split()] for temperature in texts}
    return {
        t: {"texts": texts[t], "variety": len(set(words[t])) / len(words[t]) if words[t] else 0.0} for t in temperatures
    }
