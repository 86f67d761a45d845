def tokens_of_span(offsets, start, end):
    found = []
    for position, (first, after) in enumerate(offsets):
        if first == after or start == end:
            continue
        if first < end and after > start:
            found.append(position)
    return found
