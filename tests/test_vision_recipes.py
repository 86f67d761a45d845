"""The recipes for pictures: groups, augmentation, a ViT's start, and trainings that can be stopped and resumed."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.fixture(scope="module")
def vision(training):
    import vision

    return vision


@pytest.fixture(scope="module")
def quick_run(vision, tmp_path_factory):
    """One whole quick training of vit-fashion: its folder and its metrics."""
    import vit_fashion

    out = tmp_path_factory.mktemp("vit_fashion")
    return out, vit_fashion.main(["--quick", "--out", str(out), "--threads", "1"])


def weights(folder: Path) -> dict:
    from safetensors.torch import load_file

    return load_file(folder / "model.safetensors")


def batches(vision, how=None, mode="L"):
    import vit_fashion

    return vision.Batches(vision.drawn(4, 28, mode), vit_fashion.processor(), how or vision.Augmentation())


# ---------------------------------------------------------------- data


@pytest.mark.parametrize("name", ["vit_fashion", "convnext_fashion", "vit_flowers"])
def test_missing_data_is_one_sentence(vision, tmp_path, name):
    import training

    recipe = __import__(name)
    with pytest.raises(training.RecipeError, match=r"There is no training data .* --data FOLDER.* --quick"):
        recipe.main(["--data", str(tmp_path), "--out", str(tmp_path / "out")])
    assert not (tmp_path / "out" / "model.safetensors").exists()


def test_damaged_data_is_one_sentence(vision, tmp_path):
    import training

    (tmp_path / "images").mkdir()
    for name in ("fashion_mnist_train12k.npz", "flowers64_train.tar"):
        (tmp_path / "images" / name).write_bytes(b"half a file")
    with pytest.raises(training.RecipeError, match=r"12k\.npz cannot be read"):
        vision.read_fashion(tmp_path)
    with pytest.raises(training.RecipeError, match=r"train\.tar cannot be read"):
        vision.read_flowers(tmp_path)


def test_a_copy_and_its_mirror_image_are_one_group(vision):
    import numpy
    from PIL import Image, ImageOps

    chance = numpy.random.default_rng(0)
    one, other = (Image.fromarray(chance.integers(0, 255, (8, 8), dtype="uint8")).resize((28, 28)) for _ in range(2))
    lighter = one.point(lambda value: value // 2 + 60)
    groups = vision.look_alikes([one, other, ImageOps.mirror(one), lighter], 0.98)
    assert groups[0] == groups[2] == groups[3] != groups[1]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=20))
def test_joined_groups_keep_both_kinds_together(vision, pairs):
    one, other = zip(*pairs)
    groups = vision.joined(one, other)
    for left in range(len(pairs)):
        for right in range(left):
            if one[left] == one[right] or other[left] == other[right]:
                assert groups[left] == groups[right]
    if len({*one}) == len({*other}) == len(pairs):
        assert len({*groups}) == len(pairs)


def test_no_group_of_pictures_is_on_two_sides(vision):
    from dataclasses import replace

    pictures = vision.drawn(5, 28, "L")
    parts = vision.split(replace(pictures, groups=[row // 3 for row in range(60)]), {"test": 9, "validation": 9})
    sides = [set(part.groups) for part in parts.values()]
    assert len(set.union(*sides)) == sum(map(len, sides)) == 20
    assert len(parts["test"].labels) == len(parts["test"].images) == 9 and len(parts["train"].labels) == 42


# ---------------------------------------------------------------- augmentation


def test_without_any_change_distorting_gives_the_same_pictures(vision):
    import torch

    still = vision.Augmentation(0.0, (1.0, 1.0), 1.0, 0.0, 0.0, 0.0, mixed=0.0, mirrored=False)
    pixels = torch.rand(5, 3, 16, 16)
    assert torch.allclose(vision.distort(pixels, still), pixels, atol=1e-5)
    assert torch.allclose(vision.recolour(pixels, still), pixels, atol=1e-5)


def test_half_of_the_pictures_are_mirrored_and_nothing_else(vision):
    import torch

    how = vision.Augmentation(0.0, (1.0, 1.0), 1.0, 0.0, 0.0, 0.0, mixed=0.0)
    torch.manual_seed(0)
    pixels = torch.rand(200, 1, 8, 8)
    found = vision.distort(pixels, how)
    same = (found - pixels).abs().amax((1, 2, 3)) < 1e-5
    mirrored = (found - pixels.flip(3)).abs().amax((1, 2, 3)) < 1e-5
    assert bool((same ^ mirrored).all()) and 70 < int(mirrored.sum()) < 130


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000))
def test_mixed_targets_are_shares_that_match_the_pixels(vision, seed):
    """White pictures of one class and black ones of the other: the brightness left is the share of the class."""
    import torch

    torch.manual_seed(seed)
    pixels = torch.cat([torch.ones(4, 1, 32, 32), torch.zeros(4, 1, 32, 32)])
    targets = torch.nn.functional.one_hot(torch.tensor([1] * 4 + [0] * 4), 2).float()
    found, shares = vision.mix(pixels, targets)
    assert torch.allclose(shares.sum(1), torch.ones(8))
    assert torch.allclose(found.mean((1, 2, 3)), shares[:, 1], atol=1e-5)


def test_training_batches_are_what_the_processor_would_give(vision):
    import torch
    import vit_fashion

    still = vision.Augmentation(0.0, (1.0, 1.0), 1.0, 0.0, 0.0, 0.0, mixed=0.0, mirrored=False)
    made = batches(vision, still).training([0, 1, 2])
    wanted = vit_fashion.processor()(vision.drawn(4, 28, "L").images[:3], return_tensors="pt")["pixel_values"]
    assert made["pixel_values"].shape == (3, 3, 32, 32)
    assert torch.allclose(made["pixel_values"], wanted, atol=0.02)  # bytes against floats
    assert made["labels"].tolist() == torch.eye(4)[:3].tolist()


def test_halved_pictures_have_half_the_side(vision):
    made = batches(vision)
    made.halved = True
    assert made.training([0, 1])["pixel_values"].shape == (2, 3, 16, 16)


# ---------------------------------------------------------------- the ViT's start


def test_a_new_vit_looks_at_places_near_each_other_and_its_cls_at_everything(vision):
    import torch

    torch.manual_seed(0)
    model = vision.small_vit(["a", "b"], 32, 4).eval()
    model.set_attn_implementation("eager")
    with torch.no_grad():
        attention = model(torch.zeros(1, 3, 32, 32), output_attentions=True).attentions[0][0].mean(0)
    assert attention.shape == (65, 65)
    assert attention[0].max() < 0.06  # 65 equal shares would be 0.015
    patches = attention[1:, 1:]
    place = torch.stack(torch.meshgrid(torch.arange(8.0), torch.arange(8.0), indexing="ij"), -1).view(64, 2)
    distance = torch.cdist(place, place)
    assert (patches * distance).sum(1).mean() < 0.7 * distance.mean()


def test_queries_and_keys_begin_like_each_other(vision):
    import torch

    torch.manual_seed(0)
    attention = vision.small_vit(["a", "b"], 32, 4).vit.layers[0].attention
    product = sum(
        query.T @ key
        for query, key in zip(attention.q_proj.weight.view(4, 32, 128), attention.k_proj.weight.view(4, 32, 128))
    )
    product, output = product.detach(), (attention.o_proj.weight @ attention.v_proj.weight).detach()
    assert product.diagonal().mean() > 4 * product.fill_diagonal_(0).abs().mean()
    assert float(output.diagonal().mean()) == pytest.approx(-0.4, abs=0.05)


@settings(max_examples=10, deadline=None)
@given(side=st.integers(4, 9), seed=st.integers(0, 99))
def test_grown_patches_give_the_same_for_an_enlarged_picture(vision, side, seed):
    import torch

    torch.manual_seed(seed)
    weights, patches = torch.randn(5, 3, 4, 4), torch.randn(2, 3, 4, 4)
    enlarged = torch.nn.functional.interpolate(patches, size=(side, side), mode="bilinear")
    before = torch.einsum("bchw,ochw->bo", patches, weights)
    assert torch.allclose(torch.einsum("bchw,ochw->bo", enlarged, vision.grown(weights, side)), before, atol=1e-3)


def test_patches_are_dropped_while_training_only(vision):
    import torch

    model = vision.small_vit(["a", "b"], 32, 4)
    back = vision.drop_patches(model, 20)
    seen = []
    model.vit.layers[0].register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0].shape[1]))
    for mode in (model.train, model.eval):
        mode()
        model(torch.zeros(2, 3, 32, 32))
    model.train()
    vision.logits_of(model, torch.zeros(2, 3, 16, 16))  # 16 patches: fewer than may stay
    back()
    model(torch.zeros(2, 3, 32, 32))
    assert seen == [21, 65, 17, 65]


# ---------------------------------------------------------------- whole trainings


def test_quick_run_gives_a_checkpoint_that_a_pipeline_loads(quick_run, vision):
    from transformers import pipeline

    folder, metrics = quick_run
    assert json.loads((folder / "config.json").read_text())["dtype"] == "float32"
    assert {tensor.dtype.itemsize for tensor in weights(folder).values()} == {2}
    assert (folder / "model.safetensors").stat().st_size <= 3_000_000
    found = pipeline("image-classification", model=str(folder))(vision.drawn(10, 28, "L").images[0], top_k=10)
    assert {one["label"] for one in found} == {f"kind {number}" for number in range(10)}
    assert json.loads((folder / "metrics.json").read_text()) == metrics
    assert sum(map(sum, metrics["test"]["confusions"])) == metrics["sizes"]["test"] == 20
    assert [line["halved"] for line in metrics["training"]["curve"]] == [True, False, False, False]
    assert [line["epoch"] for line in metrics["training"]["curve"]] == [1, 2, 3, 4]  # the last passes count on


def test_stopped_training_resumes_to_the_same_result(quick_run, vision, tmp_path):
    import torch
    import vit_fashion

    arguments = ["--quick", "--out", str(tmp_path), "--threads", "1"]
    assert vit_fashion.main(arguments, stop_after=3) == {"steps": 3, "finished": False}
    resumed = vit_fashion.main(arguments)
    assert (resumed["training"]["resumed_at_step"], quick_run[1]["training"]["resumed_at_step"]) == (3, 0)
    whole, pieced = weights(quick_run[0]), weights(tmp_path)
    assert whole.keys() == pieced.keys() and all(torch.equal(whole[name], pieced[name]) for name in whole)
    assert resumed["test"] == quick_run[1]["test"] and resumed["training"]["curve"] == quick_run[1]["training"]["curve"]


def test_the_convnext_gets_the_same_budget(quick_run, vision, tmp_path):
    import convnext_fashion
    import torch
    import vit_fashion

    metrics = convnext_fashion.main(["--quick", "--out", str(tmp_path), "--threads", "1"])
    assert metrics["sizes"] == quick_run[1]["sizes"]
    for count in ("steps", "pictures"):
        assert metrics["training"][count] == quick_run[1]["training"][count]
    images = vision.drawn(10, 28, "L").images[:4]
    one, other = (
        recipe.processor()(images, return_tensors="pt")["pixel_values"] for recipe in (vit_fashion, convnext_fashion)
    )
    assert torch.equal(one, other)


def test_flowers_are_trained_from_both_starts(vision, quick_run, tmp_path, monkeypatch):
    import training
    import vit_flowers

    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "vit-fashion").symlink_to(quick_run[0])
    monkeypatch.setattr(vit_flowers, "ROOT", tmp_path)
    metrics = vit_flowers.main(["--quick", "--out", str(tmp_path / "out"), "--threads", "1"])
    assert set(metrics["starts"]) == {"vit-fashion", "scratch"} and metrics["start"] in metrics["starts"]
    assert weights(tmp_path / "out").keys() == weights(tmp_path / "out" / f"from_{metrics['start']}").keys()
    monkeypatch.setattr(vit_flowers, "ROOT", tmp_path / "elsewhere")
    with pytest.raises(training.RecipeError, match=r"make it first with `python recipes/vit_fashion\.py`"):
        vit_flowers.main(["--quick", "--out", str(tmp_path / "other"), "--threads", "1"])


def test_few_shot_examples_are_drawn_by_class_and_never_tested_on(vision):
    import few_shot_digits

    labels = [row % 10 for row in range(300)]
    for seed in range(4):
        training, test = few_shot_digits.draw_rows(labels, held_out=6, size=5, seed=seed)
        assert not set(training) & set(test) and len(set(training)) == 50 and len(set(test)) == 60
        assert sorted(labels[row] for row in training) == sorted(list(range(10)) * 5)
        assert test == few_shot_digits.draw_rows(labels, held_out=6, size=5, seed=0)[1]


def test_few_shot_interval(vision):
    import few_shot_digits

    found = few_shot_digits.interval([0.5, 0.6, 0.7])
    assert found["mean"] == pytest.approx(0.6)
    assert found["high"] - found["mean"] == pytest.approx(4.303 * 0.1 / 3**0.5, abs=1e-4)
