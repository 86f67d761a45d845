# hint: Black is not -1 here
def hide_each_patch(picture):
    """Return by how much the probability falls when each patch is hidden."""
    pixels = processor(picture, return_tensors="pt")["pixel_values"][0]
    side = model.config.patch_size
    rows, columns = pixels.shape[1] // side, pixels.shape[2] // side
    black = -torch.tensor(processor.image_mean) / torch.tensor(processor.image_std)
    hidden = pixels.repeat(rows * columns, 1, 1, 1)
    for place in range(rows * columns):
        top, left = side * (place // columns), side * (place % columns)
        hidden[place, :, top : top + side, left : left + side] = -1.0
    with torch.inference_mode():
        whole = model(pixel_values=pixels[None]).logits.softmax(dim=-1)[0]
        shares = model(pixel_values=hidden).logits.softmax(dim=-1)
    label = whole.argmax()
    return (whole[label] - shares[:, label]).reshape(rows, columns).numpy()
