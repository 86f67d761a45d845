def padding_waste(lengths, batch_size):
    if not lengths:
        return 0.0
    pieces = np.split(np.array(lengths), range(batch_size, len(lengths), batch_size))
    places = sum(piece.size * piece.max() for piece in pieces)
    return float(1 - sum(lengths) / places)
