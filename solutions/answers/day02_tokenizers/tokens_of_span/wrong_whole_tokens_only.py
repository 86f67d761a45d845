# hint: partly marked
def tokens_of_span(offsets, start, end):
    return [i for i, (first, after) in enumerate(offsets) if start <= first < after <= end]
