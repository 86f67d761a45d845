# hint: of another type
def spans_of_tags(tags):
    spans = []
    for place, tag in enumerate(tags):
        part, kind = tag[0], tag[2:]
        if part == "O":
            continue
        if part == "I" and spans and spans[-1][2] == place:
            spans[-1][2] = place + 1
        else:
            spans.append([kind, place, place + 1])
    return spans
