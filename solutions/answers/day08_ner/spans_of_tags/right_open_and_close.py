def spans_of_tags(tags):
    spans, kind, start = [], None, None
    for place, tag in enumerate([*tags, "O"]):
        part, _, this = tag.partition("-")
        if kind is not None and not (part == "I" and this == kind):
            spans.append([kind, start, place])
            kind = None
        if part != "O" and kind is None:
            kind, start = this, place
    return spans
