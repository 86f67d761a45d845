# hint: A special token
def tokens_of_span(offsets, start, end):
    if start == end:
        return []
    return [i for i, (first, after) in enumerate(offsets) if start <= first < end or first < start < after]
