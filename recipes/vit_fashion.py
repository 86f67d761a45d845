"""Makes the checkpoint vit-fashion: a small Vision Transformer that names clothes (Fashion-MNIST)."""

from training import run
from vision import fashion, small_vit


def model_of(names: list[str]):
    """The untrained ViT, of 64 patches."""
    return small_vit(names, image_size=32, patch_size=4)


def processor():
    """32x32 pixels, three channels; mean and deviation are those of the pictures."""
    from transformers import ViTImageProcessorPil

    return ViTImageProcessorPil(
        size={"height": 32, "width": 32}, do_convert_rgb=True, image_mean=[0.286] * 3, image_std=[0.353] * 3
    )


def main(argv: list[str] | None = None, stop_after: int | None = None) -> dict:
    """Trains, saves and measures; returns the metrics, or what was done when stopped."""
    return fashion("vit_fashion", __doc__.splitlines()[0], model_of, processor(), argv, stop_after, patches=32)


if __name__ == "__main__":
    run(main)
