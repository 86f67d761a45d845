# hint: the channel first, and the column last
def cut_patches(pixels, side):
    """Return the patches of a picture, one row each."""
    channels, height, width = pixels.shape
    rows, columns = height // side, width // side
    blocks = pixels[:, : rows * side, : columns * side].reshape(channels, rows, side, columns, side)
    return blocks.transpose(1, 3, 2, 4, 0).reshape(rows * columns, -1)
