"""Opening picture files: what comes out is RGB and looks right; what cannot be opened is said in one sentence."""

import io
import tempfile

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from course_utils import open_picture
from course_utils.pictures import PictureError


def saved(image, path, **options):
    image.save(path, **options)
    return path


@pytest.mark.parametrize("mode", ["RGB", "L", "LA", "P", "RGBA", "1", "CMYK"])
def test_every_mode_becomes_rgb_with_its_own_size(tmp_path, mode):
    white = Image.new("RGB", (9, 5), "white").convert(mode)
    path = saved(white, tmp_path / ("picture.tif" if mode == "CMYK" else "picture.png"))
    image = open_picture(path)
    assert (image.mode, image.size, image.getpixel((4, 2))) == ("RGB", (9, 5), (255, 255, 255))


@given(st.lists(st.integers(0, 65535), min_size=2, max_size=12))
def test_sixteen_bits_are_scaled_to_eight(values):
    buffer = io.BytesIO()
    Image.fromarray(numpy.array([values], dtype="uint16")).save(buffer, "PNG")
    with tempfile.NamedTemporaryFile(suffix=".png") as file:
        file.write(buffer.getvalue())
        file.flush()
        found = numpy.asarray(open_picture(file.name))[0, :, 0]
    assert numpy.abs(found - numpy.array(values) / 257).max() <= 1


def test_what_is_transparent_is_white(tmp_path):
    image = Image.new("RGBA", (4, 4), (255, 0, 0, 0))
    image.putpixel((1, 1), (0, 0, 255, 255))
    opened = open_picture(saved(image, tmp_path / "picture.png"))
    assert opened.getpixel((0, 0)) == (255, 255, 255) and opened.getpixel((1, 1)) == (0, 0, 255)


def test_a_photograph_is_turned_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # held on its side
    path = saved(Image.new("RGB", (30, 10), "green"), tmp_path / "photo.jpg", exif=exif)
    assert open_picture(path).size == (10, 30)


def test_the_smallest_picture_opens(tmp_path):
    assert open_picture(str(saved(Image.new("L", (1, 1)), tmp_path / "dot.png"))).size == (1, 1)


@pytest.fixture
def broken(tmp_path):
    (tmp_path / "text.jpg").write_text("hello", encoding="utf8")
    (tmp_path / "empty.png").write_bytes(b"")
    noise = numpy.random.default_rng(0).integers(0, 255, (90, 90, 3), dtype="uint8")
    for name in ("cut.jpg", "cut.png"):
        whole = saved(Image.fromarray(noise), tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(whole[: len(whole) // 2])
    return tmp_path


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("text.jpg", "is no picture: give a PNG"),
        ("empty.png", "is no picture: give a PNG"),
        ("cut.jpg", "is damaged"),
        ("cut.png", "is damaged"),
        ("missing.png", "There is no file"),
        ("", "There is no file"),
    ],
)
def test_what_cannot_be_opened_is_one_sentence(broken, name, said):
    with pytest.raises(PictureError) as caught:
        open_picture(broken / name)
    sentence = str(caught.value)
    assert said in sentence and str(broken / name) in sentence
    assert sentence.endswith(".") and "\n" not in sentence and ". " not in sentence
    assert caught.value.__suppress_context__ or caught.value.__context__ is None  # no traceback from below


def test_a_bomb_is_refused(tmp_path, monkeypatch):
    path = saved(Image.new("1", (400, 400)), tmp_path / "large.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(PictureError, match="too large"):
        open_picture(path)
