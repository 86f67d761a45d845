def hide_each_patch(picture):
    """Return by how much the probability falls when each patch is hidden."""
    side = model.config.patch_size
    whole = processor(picture, return_tensors="pt")["pixel_values"]
    black = processor(np.zeros_like(picture), return_tensors="pt")["pixel_values"]

    def share(pixels):
        with torch.inference_mode():
            return model(pixel_values=pixels).logits[0].softmax(dim=-1)

    before = share(whole)
    label = int(before.argmax())
    falls = []
    for top in range(0, whole.shape[2], side):
        row = []
        for left in range(0, whole.shape[3], side):
            window = (..., slice(top, top + side), slice(left, left + side))
            hidden = whole.clone()
            hidden[window] = black[window]
            row.append((before[label] - share(hidden)[label]).item())
        falls.append(row)
    return np.array(falls)
