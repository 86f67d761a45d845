# hint: an entry for each text
def extract_entities(texts, least):
    return [
        {"type": one["entity_group"], "text": text[one["start"] : one["end"]], "start": one["start"], "end": one["end"]}
        for text in texts
        for one in finder(text, aggregation_strategy="first")
        if one["score"] >= least
    ]
