# hint: divide once
def padding_waste(lengths, batch_size):
    if not lengths:
        return 0.0
    batches = [lengths[i : i + batch_size] for i in range(0, len(lengths), batch_size)]
    return sum(1 - sum(batch) / (len(batch) * max(batch)) for batch in batches) / len(batches)
