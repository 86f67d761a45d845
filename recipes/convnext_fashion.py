"""Makes the checkpoint convnext-fashion: a small ConvNeXT that names clothes, on the same budget as vit-fashion."""

from training import run
from vision import fashion, labelled


def model_of(names: list[str]):
    """The untrained ConvNeXT; like a ViT it begins with patches, but it looks at neighbours only."""
    from transformers import ConvNextConfig, ConvNextForImageClassification

    config = ConvNextConfig(
        image_size=32,
        patch_size=2,
        hidden_sizes=[24, 48, 96, 192],
        depths=[1, 2, 3, 1],
        drop_path_rate=0.1,
        layer_scale_init_value=0.1,
        **labelled(names),
    )
    return ConvNextForImageClassification(config)


def processor():
    """The same pictures as vit-fashion gets, by the processor that belongs to a ConvNeXT."""
    from transformers import ConvNextImageProcessorPil

    return ConvNextImageProcessorPil(
        size={"shortest_edge": 32},
        crop_pct=1.0,
        resample=2,  # bilinear
        do_convert_rgb=True,
        image_mean=[0.286] * 3,
        image_std=[0.353] * 3,
    )


def main(argv: list[str] | None = None, stop_after: int | None = None) -> dict:
    """Trains, saves and measures; returns the metrics, or what was done when stopped."""
    return fashion("convnext_fashion", __doc__.splitlines()[0], model_of, processor(), argv, stop_after)


if __name__ == "__main__":
    run(main)
