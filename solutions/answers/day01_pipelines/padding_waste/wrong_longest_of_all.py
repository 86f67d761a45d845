# hint: its own longest text only
def padding_waste(lengths, batch_size):
    if not lengths:
        return 0.0
    places = len(lengths) * max(lengths)
    return (places - sum(lengths)) / places
