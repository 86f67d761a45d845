"""The checkpoints that see: small, offline, on every kind of picture, with attention to look at."""

import json

import numpy
import pytest
from PIL import Image, ImageDraw

from course_utils.checkpoints import CATALOG, checkpoint, describe, names

SEEING = [name for name in names() if describe(name).task == "image-classification"]
VITS = [name for name in SEEING if describe(name).architecture.startswith("ViT")]


@pytest.fixture(scope="module")
def pipelines():
    from transformers import pipeline
    from transformers.utils import logging

    logging.disable_progress_bar()
    made = {name: pipeline("image-classification", model=checkpoint(name)) for name in SEEING}
    yield made
    logging.enable_progress_bar()


def drawing() -> Image.Image:
    """A white pair of trousers on black, as in Fashion-MNIST."""
    image = Image.new("L", (28, 28))
    draw = ImageDraw.Draw(image)
    draw.rectangle((8, 1, 19, 7), fill=215)
    draw.rectangle((8, 7, 12, 27), fill=205)
    draw.rectangle((15, 7, 19, 27), fill=205)
    return image


def flower() -> Image.Image:
    from sklearn.datasets import load_sample_image

    return Image.fromarray(load_sample_image("flower.jpg"))


@pytest.mark.parametrize("name", SEEING)
def test_small_enough_and_loads_as_float32(name):
    import torch
    from transformers import AutoModelForImageClassification

    entry = describe(name)
    model, report = AutoModelForImageClassification.from_pretrained(checkpoint(name), output_loading_info=True)
    assert sum(weight.numel() for weight in model.parameters()) == entry.parameters <= 1_500_000
    assert entry.size == (CATALOG.parent / name / "model.safetensors").stat().st_size <= 3_000_000
    assert {weight.dtype for weight in model.parameters()} == {torch.float32}
    assert not report["missing_keys"] and not report["unexpected_keys"]
    assert type(model).__name__ == entry.architecture


@pytest.mark.parametrize("name", SEEING)
def test_a_path_a_picture_and_a_list_give_the_same(pipelines, tmp_path, name):
    image = drawing()
    image.save(tmp_path / "picture.png")
    path = str(tmp_path / "picture.png")
    of_picture = pipelines[name](image)
    assert pipelines[name](path) == of_picture
    assert pipelines[name]([path, path]) == pipelines[name]([image, image]) == [of_picture, of_picture]
    assert {one["label"] for one in pipelines[name](image, top_k=99)} == set(
        pipelines[name].model.config.id2label.values()
    )
    assert sum(one["score"] for one in pipelines[name](image, top_k=99)) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("name", SEEING)
def test_a_grey_picture_is_the_same_in_every_mode(pipelines, name):
    wanted = pipelines[name](drawing(), top_k=3)
    for mode in ("RGB", "LA", "RGBA", "CMYK", "I", "F"):
        found = pipelines[name](drawing().convert(mode), top_k=3)
        assert [one["label"] for one in found] == [one["label"] for one in wanted], mode
        assert [one["score"] for one in found] == pytest.approx([one["score"] for one in wanted], abs=1e-5), mode


@pytest.mark.parametrize("name", SEEING)
@pytest.mark.parametrize("size", [(1, 1), (1, 40), (300, 2), (4000, 3000)])
def test_pictures_of_every_size(pipelines, name, size):
    found = pipelines[name](drawing().resize(size))
    assert sum(one["score"] for one in found) <= 1 + 1e-5 and all(0 <= one["score"] <= 1 for one in found)


@pytest.mark.parametrize("name", SEEING)
def test_the_processor_takes_grey_pictures_by_itself(pipelines, name):
    pixels = pipelines[name].image_processor([drawing(), drawing().convert("RGBA")], return_tensors="pt")[
        "pixel_values"
    ]
    side = pipelines[name].model.config.image_size
    assert tuple(pixels.shape) == (2, 3, side, side)
    assert bool((pixels[0] == pixels[1]).all())


@pytest.mark.parametrize("name", SEEING)
def test_a_file_that_is_no_picture_is_one_clear_sentence(pipelines, tmp_path, name):
    (tmp_path / "letter.jpg").write_text("Dear reader", encoding="utf8")
    with pytest.raises(OSError, match=r"^cannot identify image file '.*letter\.jpg'$"):
        pipelines[name](str(tmp_path / "letter.jpg"))


@pytest.mark.parametrize("name", SEEING[:1])
def test_nothing_is_said_that_a_learner_need_not_read(tmp_path, name):
    import subprocess
    import sys

    code = (
        "from course_utils import checkpoint; from PIL import Image; from transformers import pipeline\n"
        f"print(pipeline('image-classification', model=checkpoint({name!r}))(Image.new('L', (9, 9)), top_k=1))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    said = [line for line in done.stderr.replace("\r", "\n").splitlines() if line and "Loading weights" not in line]
    assert said == [] and "label" in done.stdout


@pytest.mark.parametrize("name", VITS)
def test_attention_can_be_looked_at_patch_by_patch(name):
    import torch
    from transformers import AutoImageProcessor, AutoModelForImageClassification

    model = AutoModelForImageClassification.from_pretrained(checkpoint(name), attn_implementation="eager").eval()
    inputs = AutoImageProcessor.from_pretrained(checkpoint(name))(drawing(), return_tensors="pt")
    with torch.inference_mode():
        attentions = model(**inputs, output_attentions=True).attentions
    patches = (model.config.image_size // model.config.patch_size) ** 2
    assert patches >= 64 and len(attentions) == model.config.num_hidden_layers
    for attention in attentions:
        assert attention.shape == (1, model.config.num_attention_heads, patches + 1, patches + 1)
        assert torch.allclose(attention.sum(-1), torch.ones(()), atol=1e-5)
    assert float(attentions[-1][0, :, 0, 1:].std()) > 1e-4  # [CLS] has learned to prefer some patches


@pytest.mark.parametrize("name", [name for name in SEEING if name.endswith("fashion")])
def test_trousers_drawn_by_code_are_trousers(pipelines, name):
    assert pipelines[name](drawing())[0]["label"] == "Trouser"


@pytest.mark.skipif("vit-flowers" not in SEEING, reason="There is no vit-flowers in the catalogue yet.")
def test_scikit_learns_flower(pipelines):
    """A dahlia, which is none of the five: the card says what comes out, and it is no daisy and no dandelion."""
    assert pipelines["vit-flowers"](flower())[0]["label"] in {"rose", "sunflower", "tulip"}


@pytest.mark.parametrize("name", SEEING)
def test_the_card_says_what_must_be_said(name):
    card = (CATALOG.parent / name / "README.md").read_text(encoding="utf8")
    for heading in (
        "## Quality",
        "## Its twin",
        "## Where it fails",
        "## Data and what it obliges",
        "## How it was made",
    ):
        assert heading in card, heading
    assert ("MIT" in card and "Zalando" in card) or ("CC BY 2.0" in card and "flickr.com" in card)
    for picture in (CATALOG.parent / name).glob("*.png"):
        assert f"({picture.name})" in card and picture.stat().st_size <= 60_000
    config = json.loads((CATALOG.parent / name / "config.json").read_text(encoding="utf8"))
    labels = list(config["id2label"].values())
    assert all(f"| {label} |" in card for label in labels)
    assert numpy.unique(labels).size == len(labels)
