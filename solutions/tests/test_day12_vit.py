"""Hidden tests of Day 12: other data than the public ones, all points. No message gives data or results away."""

from functools import cache

import numpy as np
import pytest
from PIL import Image, ImageDraw


def ask(function, *arguments, hint):
    """Call the learner's function; if it raises, the hint says what to think of."""
    try:
        return function(*arguments)
    except AssertionError as error:
        assert " raised " not in str(error), f"{hint} ({error})"
        raise


def number(value):
    """True for one number, of Python or NumPy; a truth value is none."""
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)


def as_array(found):
    """The answer as an array of real numbers; anything else fails."""
    if hasattr(found, "numpy"):
        found = found.numpy()
    assert isinstance(found, (np.ndarray, list, tuple)), "Return an array."
    try:
        found = np.asarray(found, dtype=float)
    except (TypeError, ValueError):
        found = None
    assert found is not None, "Return an array of numbers, each row as long as the others."
    return found


def same(one, other, tolerance=1e-5):
    """Equal in shape and, but for rounding, in value."""
    return one.shape == other.shape and np.allclose(one, other, rtol=tolerance, atol=tolerance)


# ---- pictures --------------------------------------------------------------------------------------------------------


def drawn(shapes, size=(28, 28)):
    """Polygons (points, brightness) on black as an array (height, width, 3) of bytes, drawn on 28 by 28 pixels."""
    picture = Image.new("RGB", (28, 28))
    for points, fill in shapes:
        ImageDraw.Draw(picture).polygon(points, fill=fill if isinstance(fill, tuple) else (fill, fill, fill))
    return np.asarray(picture.resize(size, Image.Resampling.NEAREST))


def box(left, top, right, bottom):
    """The corners of a rectangle."""
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


TROUSERS = [(box(8, 1, 19, 7), 215), (box(8, 7, 12, 27), 205), (box(15, 7, 19, 27), 205)]
BOOT = [([(13, 3), (24, 3), (24, 25), (2, 25), (2, 19), (8, 16), (12, 12)], 200), (box(2, 24, 24, 26), 120)]
BAG = [(box(3, 11, 25, 26), 180), (box(8, 3, 20, 4), 220), (box(7, 4, 8, 12), 220), (box(20, 4, 21, 12), 220)]
DRESS = [([(11, 1), (17, 1), (17, 10), (21, 27), (7, 27), (11, 10)], 200)]
OUTLINE = [(10, 2), (18, 2), (26, 8), (23, 13), (20, 11), (20, 26), (8, 26), (8, 11), (5, 13), (2, 8)]
SHIRT = [(OUTLINE, 190), (box(12, 1, 16, 4), 0)]
DRAWINGS = {"trousers": TROUSERS, "boot": BOOT, "bag": BAG, "dress": DRESS, "shirt": SHIRT}


# ---- cut_patches -----------------------------------------------------------------------------------------------------


def cut(pixels, side, columns_first=False, order="channel, row, column"):
    """The patches, one after the other; also in the orders that are mistaken for it."""
    _, height, width = pixels.shape
    tops, lefts = range(0, height - side + 1, side), range(0, width - side + 1, side)
    places = [(top, left) for left in lefts for top in tops] if columns_first else None
    places = places or [(top, left) for top in tops for left in lefts]
    axes = {"channel, row, column": (0, 1, 2), "row, column, channel": (1, 2, 0), "channel, column, row": (0, 2, 1)}
    return np.stack([pixels[:, y : y + side, x : x + side].transpose(axes[order]).ravel() for y, x in places])


def check_patches(found, pixels, side):
    """Compare with the patches, and name the usual mistakes."""
    found = as_array(found)
    wanted = cut(pixels, side)
    channels, height, width = pixels.shape
    assert found.size != wanted.size or found.ndim == 2, (
        "One row of numbers for each patch: flatten its channels, rows and columns."
    )
    assert found.ndim == 2, "Return an array of shape (patches, channels · side · side)."
    overlapping = (height - side + 1) * (width - side + 1)
    assert len(found) == len(wanted) or len(found) != overlapping, (
        "Patches do not overlap: the next one begins where the last one ends."
    )
    begun = -(-height // side) * -(-width // side)
    assert len(found) == len(wanted) or len(found) != begun, (
        "What is left over at the right and at the bottom is dropped: only whole patches count."
    )
    assert found.shape == wanted.shape, "The array has one row for each whole patch, of channels · side · side numbers."
    if same(found, wanted):
        return
    tall, wide = height // side * side, width // side * side
    assert not same(found, pixels[:, :tall, :wide].reshape(wanted.shape)), (
        "reshape alone keeps the numbers in the order of the picture's rows: a row then runs through several patches. "
        "Split height and width in two axes each, and transpose before you flatten."
    )
    assert not same(found, cut(pixels, side, columns_first=True)), (
        "The patches stand row by row, as one reads a page, not column by column."
    )
    for other in ["row, column, channel", "channel, column, row"]:
        assert not same(found, cut(pixels, side, order=other)), (
            "Within a patch the order is channel, row, column: the channel first, and the column last."
        )
    shifted = pixels[:, height - tall :, width - wide :]
    assert not same(found, cut(shifted, side)), "The first patch begins at the top left: drop what is left over last."
    raise AssertionError("The numbers of the patches are not those of the picture, in the order that the task names.")


# ---- the model -------------------------------------------------------------------------------------------------------


@cache
def tools():
    """The processor and the model of the exercise."""
    from transformers import AutoImageProcessor, ViTForImageClassification

    from course_utils import checkpoint

    folder = checkpoint("vit-fashion")
    return AutoImageProcessor.from_pretrained(folder, backend="pil"), ViTForImageClassification.from_pretrained(folder)


def prepared(picture, **how):
    """The pixel values of one picture, shape (3, height, width)."""
    return tools()[0](picture, return_tensors="pt", **how)["pixel_values"][0]


def logits_of(pixels):
    """The logits (pictures, labels) as an array."""
    import torch

    with torch.inference_mode():
        return tools()[1](pixel_values=torch.stack(list(pixels))).logits.double().numpy()


def softmax(logits):
    """Shares of each row."""
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def name_of(logits):
    """The label of the largest of these logits."""
    return tools()[1].config.id2label[int(logits.argmax())]


# ---- classify_pictures -----------------------------------------------------------------------------------------------


def in_bytes(picture):
    """The picture in bytes, however it is written."""
    return (picture * 255).round().astype(np.uint8) if picture.dtype.kind == "f" else picture


def check_names(found, pictures):
    """Compare labels and scores, and name the usual mistakes."""
    assert isinstance(found, (list, tuple)), "Return a list with a dictionary for each picture."
    assert len(found) == len(pictures), "Return one dictionary for each picture, in their order."
    labels = set(tools()[1].config.id2label.values())
    for one, picture in zip(found, pictures):
        assert isinstance(one, dict) and {"label", "score"} <= set(one), "A dictionary with label and score is wanted."
        assert not number(one["label"]), "The label is its name, which id2label knows, not its number."
        assert one["label"] in labels, "The label is one of the names in the model's configuration."
        assert number(one["score"]), "The score is one number."
        assert -1e-6 <= one["score"] <= 1 + 1e-6, (
            "The score is a probability between 0 and 1: softmax makes it from the logits."
        )
        logits = logits_of([prepared(in_bytes(picture))])[0]
        score = softmax(logits).max()
        good = one["label"] == name_of(logits) and abs(one["score"] - score) < 0.01
        if good:
            continue
        assert one["score"] < 1 - 1e-5, (
            "A score of exactly 1: softmax has to run over the labels of one picture (the last dimension), not over "
            "the pictures."
        )
        if picture.dtype.kind == "f":
            dark = softmax(logits_of([prepared(picture), prepared(picture.astype(np.uint8))])).max(-1)
            assert abs(one["score"] - dark).min() > 1e-4, (
                "Fractions came out as if the picture were black: the processor divides by 255, and they are divided "
                "already."
            )
            assert one["label"] != name_of(logits), (
                "The label of a picture in fractions is right and its score is not: it is not prepared quite like the "
                "same picture in bytes."
            )
        assert picture.dtype.kind == "f" or picture.max() > 1, (
            "A very dark picture in bytes was taken for one in fractions: ask for the type of the array, not for its "
            "brightest pixel."
        )
        plain = logits_of([prepared(in_bytes(picture), do_normalize=False)])[0]
        assert abs(one["score"] - softmax(plain).max()) > 1e-4, (
            "The pictures were not normalised: leave the processor's other steps as they are."
        )
        assert one["label"] != name_of(logits), (
            "The label is right and the score is not: softmax over the labels of one picture, and the largest share."
        )
        raise AssertionError(
            "A picture got another label than by itself, in bytes: how it is written and what else is in the list "
            "must not matter."
        )


# ---- neighbours_alike ------------------------------------------------------------------------------------------------


def pair_means(vectors, rows, columns, touching, product=False, itself=False):
    """The mean similarity of pairs that touch, and of the others; `touching` says which do, from their distances."""
    sums = {True: [], False: []}
    for a in range(rows * columns):
        for b in range(a if itself else a + 1, rows * columns):
            one, other = vectors[a], vectors[b]
            value = float(one @ other) / (1 if product else float(np.linalg.norm(one) * np.linalg.norm(other)))
            (y, x), (v, u) = divmod(a, columns), divmod(b, columns)
            sums[bool(touching(abs(y - v), abs(x - u), b - a))].append(value)
    return np.array([np.mean(sums[True]), np.mean(sums[False])])


def edge(down, across, apart):
    """True for two patches that share an edge."""
    return down + across == 1


def check_neighbours(found, positions, rows, columns):
    """Compare both means, and name the usual mistakes."""
    assert isinstance(found, dict) and {"neighbours", "others"} <= set(found), (
        "Return a dictionary with neighbours and others."
    )
    assert all(number(found[name]) for name in ("neighbours", "others")), "Each value of the dictionary is one number."
    found = np.array([found["neighbours"], found["others"]], dtype=float)
    patches = np.asarray(positions, dtype=float)[1:]
    wanted = pair_means(patches, rows, columns, edge)
    if same(found, wanted, 1e-4):
        return
    assert not np.isnan(found).any(), "A mean of nothing came out: are there pairs of both sorts?"
    assert not same(found, wanted[::-1], 1e-4), "neighbours and others have changed places."
    first = np.asarray(positions, dtype=float)[:-1]
    assert not same(found, pair_means(first, rows, columns, edge), 1e-4), (
        "The first row of positions belongs to [CLS], which has no place in the picture: leave it out."
    )
    assert not same(found, pair_means(patches, rows, columns, edge, product=True), 1e-4), (
        "That is the plain product: for the cosine, divide by the lengths of both vectors."
    )
    assert not same(found, pair_means(patches, rows, columns, lambda y, x, n: n in (1, columns)), 1e-4), (
        "The last patch of a row and the first of the next have consecutive numbers, but they are no neighbours."
    )
    assert not same(found, pair_means(patches, rows, columns, lambda y, x, n: max(y, x) == 1), 1e-4), (
        "Patches that touch only at a corner share no edge: they belong to the others."
    )
    assert not same(found, pair_means(patches, columns, rows, edge), 1e-4), (
        "rows and columns have changed places: the patches stand row by row."
    )
    for sideways in (lambda y, x, n: (y, x) == (0, 1), lambda y, x, n: (y, x) == (1, 0)):
        assert not same(found, pair_means(patches, rows, columns, sideways), 1e-4), (
            "Neighbours are side by side, or one above the other: both kinds count."
        )
    both = pair_means(patches, rows, columns, edge, itself=True)
    full = (patches / np.linalg.norm(patches, axis=1, keepdims=True)) @ (
        patches / np.linalg.norm(patches, axis=1, keepdims=True)
    ).T
    count = rows * columns
    edges = rows * (columns - 1) + columns * (rows - 1)
    doubled = (full.sum() - 2 * edges * wanted[0]) / (count * count - 2 * edges)
    assert not same(found[1:], both[1:], 1e-4) and abs(found[1] - doubled) > 1e-6, (
        "A patch is no pair with itself: leave the diagonal out of the others."
    )
    everything = (full.sum() - count) / (count * count - count)
    assert abs(found[1] - everything) > 1e-6, "The neighbours are not among the others."
    raise AssertionError(
        "Compare every pair of two different patches once, by their cosine; those that share an edge are neighbours."
    )


def embeddings(rows, columns, seed, size=12):
    """Made-up position embeddings in which row, column and chance have their say, of various lengths."""
    chance = np.random.default_rng(seed)
    y, x = np.divmod(np.arange(rows * columns), columns)
    waves = [np.sin(y * f) for f in (0.3, 0.7)] + [np.cos(x * f) for f in (0.2, 0.9)] + [np.sin(x * 0.5 + y)]
    places = np.stack(waves, axis=1) @ chance.normal(size=(len(waves), size))
    places = (places + 0.4 * chance.normal(size=places.shape)) * chance.uniform(0.3, 3, (len(places), 1))
    return np.concatenate([chance.normal(size=(1, size)), places]).astype(np.float32)


# ---- rollout_map -----------------------------------------------------------------------------------------------------


def flow_of(attentions, residual=0.5, mean=lambda layer: layer.mean(0), backwards=False):
    """Attention rollout as a product over the layers."""
    flow = np.eye(attentions[0].shape[-1])
    for layer in reversed(attentions) if backwards else attentions:
        flow = (residual * np.eye(len(flow)) + (1 - residual) * mean(layer)) @ flow
    return flow


def shared(values, rows, columns):
    """A map that adds up to 1."""
    return (values / values.sum()).reshape(rows, columns)


def check_map(found, attentions, rows, columns):
    """Compare the map, and name the usual mistakes."""
    found = as_array(found)
    flow = flow_of(attentions)
    wanted = shared(flow[0, 1:], rows, columns)
    assert found.shape == (rows, columns), (
        "Return an array of shape (rows, columns): one number for each patch, and none for [CLS]."
    )
    if same(found, wanted):
        return
    assert not same(found, flow[0, 1:].reshape(rows, columns)), (
        "The map has to add up to 1: what [CLS] draws from itself is left out, so divide by the sum of the rest."
    )
    total = found.sum()
    assert np.isfinite(total) and abs(total - 1) < 1e-4, "The map has to add up to 1: divide by the sum of its numbers."
    wrongs = {
        "The layers stand in the wrong order: each later layer is multiplied from the left.": flow_of(
            attentions, backwards=True
        )[0, 1:],
        "The way past the attention is missing: mix each layer half and half with the identity matrix.": flow_of(
            attentions, residual=0
        )[0, 1:],
        "In each layer, take the mean over the heads, not the largest.": flow_of(
            attentions, mean=lambda layer: layer.max(0)
        )[0, 1:],
        "That is the last layer alone: multiply the matrices of all layers.": attentions[-1].mean(0)[0, 1:],
        "That is what the patches draw from [CLS]: take the row of [CLS], not its column.": flow[1:, 0],
        "That is the first of the heads: take the mean over all of them.": flow_of(
            attentions, mean=lambda layer: layer[0]
        )[0, 1:],
        "The matrices are added: what flows through several layers is a product.": sum(
            layer.mean(0) for layer in attentions
        )[0, 1:],
        "That is the mean over all tokens: the map is asked for [CLS], token 0.": flow.mean(0)[1:],
        "The first token is [CLS] and no patch: leave out the first number, not the last.": flow[0, :-1],
    }
    for hint, wrong in wrongs.items():
        assert not same(found, shared(wrong, rows, columns)), hint
    turned = shared(flow[0, 1:], columns, rows).T
    assert not same(found, turned), "Row by row: the patches fill the first row of the map, then the second."
    raise AssertionError(
        "Mean over the heads, half and half with the identity, the product over the layers, then the row of [CLS] "
        "without [CLS], divided by its sum."
    )


def attention(layers, heads, tokens, seed, sharpness=2.0):
    """Made-up attention: rows that add up to 1, each layer with a taste of its own."""
    chance = np.random.default_rng(seed)
    return [softmax(sharpness * chance.normal(size=(heads, tokens, tokens))) for _ in range(layers)]


# ---- hide_each_patch -------------------------------------------------------------------------------------------------


def hidden_each(pixels, side, fill, kept=False):
    """The picture with each patch painted over in turn; with `kept`, those before stay painted."""
    rows, columns = pixels.shape[1] // side, pixels.shape[2] // side
    pictures, one = [], pixels.clone()
    for row in range(rows):
        for column in range(columns):
            one = one if kept else pixels.clone()
            one[:, row * side : (row + 1) * side, column * side : (column + 1) * side] = fill
            pictures.append(one.clone())
    return pictures


@cache
def unhidden_and_hidden(data, shape):
    """The logits of a picture (its bytes and their shape), and those with each patch painted black in turn."""
    import torch

    processor, model = tools()
    pixels = prepared(np.frombuffer(data, dtype=np.uint8).reshape(shape).copy())
    black = (-torch.tensor(processor.image_mean) / torch.tensor(processor.image_std))[:, None, None]
    return logits_of([pixels])[0], logits_of(hidden_each(pixels, model.config.patch_size, black))


@cache
def undecided(first, second):
    """A picture between two drawings, in bytes, at which the model hardly knows which of the two it sees."""
    one, other = (drawn(shapes).astype(float) for shapes in (DRAWINGS[first], DRAWINGS[second]))
    low, high = 0.0, 1.0
    label = logits_of([prepared(one.astype(np.uint8))])[0].argmax()
    for _ in range(12):
        middle = (low + high) / 2
        mixed = ((1 - middle) * one + middle * other).round().astype(np.uint8)
        stays = logits_of([prepared(mixed)])[0].argmax() == label
        low, high = (middle, high) if stays else (low, middle)
    return ((1 - low) * one + low * other).round().astype(np.uint8)


def check_falls(found, picture):
    """Compare the falls, and name the usual mistakes."""
    import torch

    found = as_array(found)
    processor, model = tools()
    pixels, side = prepared(picture), model.config.patch_size
    rows, columns = pixels.shape[1] // side, pixels.shape[2] // side
    assert found.shape == (rows, columns), (
        "The patches are those of the model, in pixel_values: the array has one number for each."
    )
    before, after = unhidden_and_hidden(picture.tobytes(), picture.shape)
    label = before.argmax()
    whole, shares = softmax(before), softmax(after)

    def falls(values):
        return (whole[label] - values).reshape(rows, columns)

    def fits(wrong):
        return same(found, wrong, 1e-4)

    wanted = falls(shares[:, label])
    if fits(wanted):
        return
    assert not fits(-wanted), "A fall is positive where the probability gets smaller: before minus after."
    assert not fits(shares[:, label].reshape(rows, columns)), (
        "That is the probability that is left: the fall is what was there before, minus it."
    )
    assert not fits((before[label] - after[:, label]).reshape(rows, columns)), (
        "The fall of the probability is asked for, not that of the logit: softmax first."
    )
    assert not fits(falls(shares.max(-1))), (
        "Follow one label: the one that was the most probable in the whole picture, also where another wins now."
    )
    assert not fits(wanted.T), "The first axis of the map is the row, the second the column."
    zeros = softmax(logits_of(hidden_each(pixels, side, 0.0)))
    assert not fits(falls(zeros[:, label])), (
        "A 0 in pixel_values is not black: the processor takes away the mean and divides by the deviation."
    )
    white = ((1 - torch.tensor(processor.image_mean)) / torch.tensor(processor.image_std))[:, None, None]
    painted = softmax(logits_of(hidden_each(pixels, side, white)))
    assert not fits(falls(painted[:, label])), "The patch is painted white: paint it black."
    darkest = softmax(logits_of(hidden_each(pixels, side, -1.0)))
    assert not fits(falls(darkest[:, label])), (
        "Black is not -1 here: take the mean and the deviation from the processor."
    )
    black = (-torch.tensor(processor.image_mean) / torch.tensor(processor.image_std))[:, None, None]
    piling = softmax(logits_of(hidden_each(pixels, side, black, kept=True)))
    assert not fits(falls(piling[:, label])), (
        "One patch at a time: begin anew with the whole picture for each, on a copy."
    )
    raise AssertionError(
        "Hide one patch of pixel_values at a time in black, and take the probability of the first label before minus "
        "after."
    )


# ---- the tests -------------------------------------------------------------------------------------------------------


@pytest.mark.task("cut_patches")
@pytest.mark.points(1)
def test_cut_what_fits(submission):
    """pictures that are cut without a rest"""
    chance = np.random.default_rng(120)
    for shape, side in [((3, 32, 32), 4), ((3, 6, 10), 2), ((1, 12, 9), 3), ((4, 5, 5), 5), ((2, 3, 4), 1)]:
        pixels = chance.normal(size=shape).astype(np.float32)
        check_patches(submission.cut_patches(pixels, side), pixels, side)


@pytest.mark.task("cut_patches")
@pytest.mark.points(1)
def test_cut_with_a_rest(submission):
    """what is left over at the right and at the bottom is dropped"""
    hint = "Drop what is left over before you reshape: the numbers have to fit."
    chance = np.random.default_rng(121)
    for shape, side in [((3, 11, 7), 3), ((1, 9, 8), 4), ((2, 8, 13), 4), ((3, 7, 19), 5)]:
        pixels = chance.integers(0, 256, size=shape)
        check_patches(ask(submission.cut_patches, pixels, side, hint=hint), pixels, side)


@pytest.mark.task("classify_pictures")
@pytest.mark.points(0.5)
def test_names_of_one(submission):
    """one picture alone"""
    for shapes in [BOOT, SHIRT, DRESS]:
        check_names(submission.classify_pictures([drawn(shapes)]), [drawn(shapes)])


@pytest.mark.task("classify_pictures")
@pytest.mark.points(0.5)
def test_names_of_many(submission):
    """many pictures of different sizes, each as if it were alone"""
    pictures = [drawn(BOOT), drawn(DRESS, (50, 61)), 255 - drawn(SHIRT), drawn(BAG, (90, 30))]
    check_names(submission.classify_pictures(pictures), pictures)


@pytest.mark.task("classify_pictures")
@pytest.mark.points(1)
def test_names_in_bytes_and_in_fractions(submission):
    """bytes and fractions in one list, and a picture that is nearly black"""
    dark = np.zeros((28, 28, 3), dtype=np.uint8)
    dark[4:20, 6:22] = 1
    pictures = [drawn(DRESS) / 255, drawn(BOOT), (drawn(BOOT, (40, 40)) / 255).astype(np.float32), dark, drawn(BAG)]
    check_names(submission.classify_pictures(pictures), pictures)
    for fractions in [drawn(SHIRT) / 255, 1 - drawn(DRESS) / 255]:
        check_names(submission.classify_pictures([fractions]), [fractions])


@pytest.mark.task("neighbours_alike")
@pytest.mark.points(1)
def test_neighbours_on_squares(submission):
    """grids with as many rows as columns"""
    for side, seed in [(2, 122), (4, 123), (8, 124)]:
        positions = embeddings(side, side, seed)
        check_neighbours(submission.neighbours_alike(positions, side, side), positions, side, side)


@pytest.mark.task("neighbours_alike")
@pytest.mark.points(1)
def test_neighbours_on_other_grids(submission):
    """grids that are wider than high, or higher than wide"""
    for rows, columns, seed in [(2, 7, 125), (6, 3, 126), (5, 2, 127)]:
        positions = embeddings(rows, columns, seed)
        check_neighbours(submission.neighbours_alike(positions, rows, columns), positions, rows, columns)


@pytest.mark.task("rollout_map")
@pytest.mark.points(1)
def test_rollout_on_squares(submission):
    """several layers and heads on a square grid"""
    for layers, heads, side, seed in [(4, 4, 4, 128), (2, 3, 2, 129), (6, 1, 3, 130)]:
        attentions = attention(layers, heads, 1 + side * side, seed)
        check_map(submission.rollout_map(attentions, side, side), attentions, side, side)


@pytest.mark.task("rollout_map")
@pytest.mark.points(1)
def test_rollout_on_other_grids(submission):
    """grids that are wider than high, or higher than wide"""
    for layers, heads, rows, columns, seed in [(3, 2, 2, 5, 131), (1, 6, 4, 3, 132), (5, 2, 3, 2, 133)]:
        attentions = attention(layers, heads, 1 + rows * columns, seed, sharpness=3.0)
        check_map(submission.rollout_map(attentions, rows, columns), attentions, rows, columns)


@pytest.mark.task("hide_each_patch")
@pytest.mark.points(1)
def test_falls_of_drawings(submission):
    """each patch of a drawing hidden in turn; one of them lies between two things"""
    for picture in [drawn(SHIRT, (45, 33)), undecided("boot", "dress")]:
        check_falls(submission.hide_each_patch(picture), picture)


@pytest.mark.task("hide_each_patch")
@pytest.mark.points(1)
def test_falls_in_colour(submission):
    """each patch of a picture in colour hidden in turn"""
    colours = [([(11, 1), (17, 1), (17, 10), (21, 27), (7, 27), (11, 10)], (230, 80, 20))]
    picture = drawn(colours)
    picture = np.maximum(picture, np.linspace(0, 90, 28).astype(np.uint8)[:, None, None])
    check_falls(submission.hide_each_patch(picture), picture)
