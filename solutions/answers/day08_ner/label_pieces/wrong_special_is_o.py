# hint: get -100
def label_pieces(offsets, spans, labels):
    numbers = [labels.index("O") if start == end else labels.index("O") for start, end in offsets]
    for span in spans:
        inside = [i for i, (start, end) in enumerate(offsets) if max(start, span["start"]) < min(end, span["end"])]
        for i in inside:
            numbers[i] = labels.index(("B-" if i == inside[0] else "I-") + span["type"])
    return numbers
