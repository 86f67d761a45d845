# hint: without B- or I-
def extract_entities(texts, least):
    return [
        [
            {"type": one["entity"], "text": text[one["start"] : one["end"]], "start": one["start"], "end": one["end"]}
            for one in finder(text, aggregation_strategy="none")
            if one["score"] >= least
        ]
        for text in texts
    ]
