def extract_entities(texts, least):
    answer = []
    for start in range(0, len(texts), 8):
        part = texts[start : start + 8]
        for text, row in zip(part, finder(part, aggregation_strategy="first", batch_size=4)):
            row = [one for one in row if float(one["score"]) >= least]
            answer.append(
                [
                    {
                        "type": one["entity_group"],
                        "text": text[one["start"] : one["end"]],
                        "start": one["start"],
                        "end": one["end"],
                    }
                    for one in row
                ]
            )
    return answer
