# hint: flatten its channels, rows and columns
def cut_patches(pixels, side):
    """Return the patches of a picture, one row each."""
    channels, height, width = pixels.shape
    rows, columns = height // side, width // side
    blocks = pixels[:, : rows * side, : columns * side].reshape(channels, rows, side, columns, side)
    return blocks.transpose(1, 3, 0, 2, 4).reshape(rows * columns, channels, side, side)
