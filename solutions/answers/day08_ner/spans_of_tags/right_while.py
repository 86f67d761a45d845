def spans_of_tags(tags):
    spans, place = [], 0
    while place < len(tags):
        if tags[place] == "O":
            place += 1
            continue
        kind, end = tags[place][2:], place + 1
        while end < len(tags) and tags[end] == "I-" + kind:
            end += 1
        spans.append((kind, place, end))
        place = end
    return spans
