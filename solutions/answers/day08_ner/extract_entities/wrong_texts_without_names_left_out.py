# hint: an entry for each text
def extract_entities(texts, least):
    answer = []
    for text in texts:
        names = [
            {
                "type": one["entity_group"],
                "text": text[one["start"] : one["end"]],
                "start": one["start"],
                "end": one["end"],
            }
            for one in finder(text, aggregation_strategy="first")
            if one["score"] >= least
        ]
        if names:
            answer.append(names)
    return answer
