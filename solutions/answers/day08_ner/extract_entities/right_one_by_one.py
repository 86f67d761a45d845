def extract_entities(texts, least):
    answer = []
    for text in texts:
        names = []
        for one in finder(text, aggregation_strategy="first"):
            if one["score"] < least:
                continue
            start, end = int(one["start"]), int(one["end"])
            names.append({"type": one["entity_group"], "text": text[start:end], "start": start, "end": end})
        answer.append(names)
    return answer
