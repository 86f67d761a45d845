def tokens_of_span(offsets, start, end):
    marked = set(range(start, end))
    return [i for i, (first, after) in enumerate(offsets) if not marked.isdisjoint(range(first, after))]
