# hint: for special tokens and padding only
def label_pieces(offsets, spans, labels):
    numbers = [-100 if start == end else -100 for start, end in offsets]
    for span in spans:
        inside = [i for i, (start, end) in enumerate(offsets) if max(start, span["start"]) < min(end, span["end"])]
        for i in inside:
            numbers[i] = labels.index(("B-" if i == inside[0] else "I-") + span["type"])
    return numbers
