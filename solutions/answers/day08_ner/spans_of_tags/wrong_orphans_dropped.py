# hint: do not drop it
def spans_of_tags(tags):
    spans = []
    for place, tag in enumerate(tags):
        if tag[0] == "B":
            spans.append([tag[2:], place, place + 1])
        elif tag[0] == "I" and spans and spans[-1][0] == tag[2:] and spans[-1][2] == place:
            spans[-1][2] = place + 1
    return spans
