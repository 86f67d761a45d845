# hint: only whole patches count
def cut_patches(pixels, side):
    """Return the patches of a picture, one row each."""
    channels, height, width = pixels.shape
    rows, columns = -(-height // side), -(-width // side)
    whole = np.pad(pixels, ((0, 0), (0, rows * side - height), (0, columns * side - width)))
    blocks = whole.reshape(channels, rows, side, columns, side)
    return blocks.transpose(1, 3, 0, 2, 4).reshape(rows * columns, -1)
