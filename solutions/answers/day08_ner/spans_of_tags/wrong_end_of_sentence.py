# hint: to the end of the sentence
def spans_of_tags(tags):
    spans, kind, start = [], None, None
    for place, tag in enumerate(tags):
        if kind is not None and tag != "I-" + kind:
            spans.append([kind, start, place])
            kind = None
        if tag != "O" and kind is None:
            kind, start = tag[2:], place
    return spans
