def cut_patches(pixels, side):
    """Return the patches of a picture, one row each."""
    _, height, width = pixels.shape
    patches = []
    for top in range(0, height - side + 1, side):
        for left in range(0, width - side + 1, side):
            patches.append(pixels[:, top : top + side, left : left + side].reshape(-1))
    return np.stack(patches)
