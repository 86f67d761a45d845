# hint: the waste is the other part
def padding_waste(lengths, batch_size):
    if not lengths:
        return 0.0
    batches = [lengths[i : i + batch_size] for i in range(0, len(lengths), batch_size)]
    return sum(lengths) / sum(len(batch) * max(batch) for batch in batches)
