# hint: The first patch begins at the top left
def cut_patches(pixels, side):
    """Return the patches of a picture, one row each."""
    channels, height, width = pixels.shape
    rows, columns = height // side, width // side
    whole = pixels[:, height - rows * side :, width - columns * side :]
    blocks = whole.reshape(channels, rows, side, columns, side)
    return blocks.transpose(1, 3, 0, 2, 4).reshape(rows * columns, -1)
