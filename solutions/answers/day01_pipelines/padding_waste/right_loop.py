def padding_waste(lengths, batch_size):
    padding = places = 0
    for start in range(0, len(lengths), batch_size):
        batch = lengths[start : start + batch_size]
        longest = max(batch)
        places += longest * len(batch)
        padding += sum(longest - length for length in batch)
    return padding / places if places else 0.0
