# hint: The patches are those of the model
def hide_each_patch(picture):
    """Return by how much the probability falls when each patch is hidden."""
    side = model.config.patch_size
    pictures, rows, columns = [picture], picture.shape[0] // side, picture.shape[1] // side
    for place in range(rows * columns):
        top, left = side * (place // columns), side * (place % columns)
        hidden = picture.copy()
        hidden[top : top + side, left : left + side] = 0
        pictures.append(hidden)
    with torch.inference_mode():
        shares = model(**processor(pictures, return_tensors="pt")).logits.softmax(dim=-1)
    label = shares[0].argmax()
    return (shares[0, label] - shares[1:, label]).reshape(rows, columns).numpy()
