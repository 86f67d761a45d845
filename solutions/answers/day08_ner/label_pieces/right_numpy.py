def label_pieces(offsets, spans, labels):
    offsets = np.array(offsets)
    numbers = np.where(offsets[:, 0] == offsets[:, 1], -100, labels.index("O"))
    for span in spans:
        inside = (offsets[:, 0] < span["end"]) & (offsets[:, 1] > span["start"]) & (numbers != -100)
        numbers[inside] = labels.index("I-" + span["type"])
        numbers[np.flatnonzero(inside)[:1]] = labels.index("B-" + span["type"])
    return numbers.tolist()
