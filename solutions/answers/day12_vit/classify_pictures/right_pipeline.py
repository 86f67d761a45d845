def classify_pictures(pictures):
    """Return label and score of each picture."""
    from transformers import pipeline

    name = pipeline("image-classification", model=model, image_processor=processor)
    images = []
    for picture in pictures:
        if picture.dtype != np.uint8:
            picture = np.clip(np.rint(picture * 255), 0, 255).astype(np.uint8)
        images.append(Image.fromarray(picture))
    return [found[0] for found in name(images, top_k=1)]
