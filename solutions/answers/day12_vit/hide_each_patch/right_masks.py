def hide_each_patch(picture):
    """Return by how much the probability falls when each patch is hidden."""
    pixels = processor(picture, return_tensors="pt")["pixel_values"]
    side = model.config.patch_size
    grid = pixels.shape[-1] // side
    masks = torch.kron(torch.eye(grid * grid).view(-1, grid, grid), torch.ones(side, side))[:, None]
    black = torch.tensor([-m / s for m, s in zip(processor.image_mean, processor.image_std)]).view(1, 3, 1, 1)
    batch = torch.cat([pixels, pixels * (1 - masks) + black * masks])
    with torch.no_grad():
        shares = torch.softmax(model(pixel_values=batch).logits, dim=1)
    falls = shares[0].max() - shares[1:, shares[0].argmax()]
    return falls.view(grid, grid).numpy()
