def cut_patches(pixels, side):
    """Return the patches of a picture, one row each."""
    rows, columns = pixels.shape[1] // side, pixels.shape[2] // side
    strips = np.split(pixels[:, : rows * side, : columns * side], rows, axis=1)
    return np.array([patch.ravel() for strip in strips for patch in np.split(strip, columns, axis=2)])
