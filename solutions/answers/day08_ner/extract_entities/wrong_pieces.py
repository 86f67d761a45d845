# hint: inside a word
def extract_entities(texts, least):
    return [
        [
            {
                "type": one["entity"][2:],
                "text": text[one["start"] : one["end"]],
                "start": one["start"],
                "end": one["end"],
            }
            for one in finder(text)
            if one["score"] >= least
        ]
        for text in texts
    ]
