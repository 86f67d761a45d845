# hint: all tokens of one character
def tokens_of_span(offsets, start, end):
    by_span = {tuple(span): i for i, span in enumerate(offsets)}
    return [i for (first, after), i in by_span.items() if max(first, start) < min(after, end)]
