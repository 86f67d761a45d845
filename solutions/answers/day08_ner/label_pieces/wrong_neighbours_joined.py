# hint: right behind another span
def label_pieces(offsets, spans, labels):
    numbers, previous = [], "O"
    for first, after in offsets:
        kinds = [span["type"] for span in spans if first < span["end"] and after > span["start"] and first < after]
        if first == after:
            numbers.append(-100)
            previous = "O"
            continue
        kind = kinds[0] if kinds else "O"
        name = kind if kind == "O" else ("I-" if kind == previous else "B-") + kind
        numbers.append(labels.index(name))
        previous = kind
    return numbers
