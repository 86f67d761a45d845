def label_pieces(offsets, spans, labels):
    numbers, begun = [], set()
    for first, after in offsets:
        if first == after:
            numbers.append(-100)
            continue
        name = "O"
        for place, span in enumerate(spans):
            if first < span["end"] and after > span["start"]:
                name = ("I-" if place in begun else "B-") + span["type"]
                begun.add(place)
        numbers.append(labels.index(name))
    return numbers
