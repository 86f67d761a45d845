# hint: a whole number
def label_pieces(offsets, spans, labels):
    numbers = [-100 if start == end else "O" for start, end in offsets]
    for span in spans:
        inside = [i for i, (start, end) in enumerate(offsets) if max(start, span["start"]) < min(end, span["end"])]
        for i in inside:
            numbers[i] = ("B-" if i == inside[0] else "I-") + span["type"]
    return numbers
