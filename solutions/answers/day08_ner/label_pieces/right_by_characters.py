def label_pieces(offsets, spans, labels):
    owner = {i: n for n, span in enumerate(spans) for i in range(span["start"], span["end"])}
    numbers, previous = [], None
    for first, after in offsets:
        here = next((owner[i] for i in range(first, after) if i in owner), None)
        if first == after:
            numbers.append(-100)
        elif here is None:
            numbers.append(labels.index("O"))
        else:
            numbers.append(labels.index(("I-" if here == previous else "B-") + spans[here]["type"]))
        previous = here
    return numbers
