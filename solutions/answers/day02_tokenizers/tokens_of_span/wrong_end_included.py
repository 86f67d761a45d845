# hint: The character at `end`
def tokens_of_span(offsets, start, end):
    if start == end:
        return []
    return [i for i, (first, after) in enumerate(offsets) if first < after and first <= end and after > start]
