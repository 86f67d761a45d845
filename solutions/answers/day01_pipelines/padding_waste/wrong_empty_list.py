# hint: Without any place at all
def padding_waste(lengths, batch_size):
    batches = [lengths[i : i + batch_size] for i in range(0, len(lengths), batch_size)]
    places = sum(len(batch) * max(batch) for batch in batches)
    return (places - sum(lengths)) / places
