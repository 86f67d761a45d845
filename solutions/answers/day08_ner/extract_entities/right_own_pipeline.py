def extract_entities(texts, least):
    by_word = pipeline(
        "token-classification", model=finder.model, tokenizer=finder.tokenizer, aggregation_strategy="first"
    )
    answer = []
    for text in texts:
        kept = filter(lambda one: not one["score"] < least, by_word(text))
        answer.append(
            [
                dict(type=one["entity_group"], text=text[one["start"] : one["end"]], start=one["start"], end=one["end"])
                for one in kept
            ]
        )
    return answer
