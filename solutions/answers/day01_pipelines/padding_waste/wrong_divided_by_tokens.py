# hint: not by the tokens
def padding_waste(lengths, batch_size):
    if not lengths:
        return 0.0
    batches = [lengths[i : i + batch_size] for i in range(0, len(lengths), batch_size)]
    places = sum(len(batch) * max(batch) for batch in batches)
    return (places - sum(lengths)) / sum(lengths)
