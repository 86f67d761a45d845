# hint: only touches a span
def label_pieces(offsets, spans, labels):
    numbers = [-100 if start == end else labels.index("O") for start, end in offsets]
    for span in spans:
        inside = [
            i
            for i, (start, end) in enumerate(offsets)
            if start < end and max(start, span["start"]) <= min(end, span["end"])
        ]
        for i in inside:
            numbers[i] = labels.index(("B-" if i == inside[0] else "I-") + span["type"])
    return numbers
