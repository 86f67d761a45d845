# hint: and none came back
def extract_entities(texts, least):
    rows = finder(texts, aggregation_strategy="first") if texts else []
    return [
        [
            {
                "type": one["entity_group"],
                "text": text[one["start"] : one["end"]],
                "start": one["start"],
                "end": one["end"],
            }
            for one in row
            if one["score"] <= least
        ]
        for text, row in zip(texts, rows)
    ]
