"""Opening picture files so that a model sees what a person sees, with one sentence where a file cannot be opened."""

from __future__ import annotations

from pathlib import Path


class PictureError(ValueError):
    """A file that cannot be opened as a picture; the message says which, why and what to do."""


def open_picture(path: str | Path):
    """The picture in a file as an RGB `PIL.Image.Image`, for a processor or a pipeline. Introduced in day12_vit.

    A pipeline given a path opens it alike, save for two kinds of files that it reads without a word and wrongly:
    transparency is put on white here (there, the colour hidden below it comes out), and 16-bit greyscale is scaled to
    8 bits (there, nearly everything turns white). A camera's note of how it was held is followed in both.

    Raises:
        PictureError: no such file, a file that is no picture, a damaged one, or one too large to be a real picture.
    """
    from PIL import Image, ImageOps

    path = Path(path)
    if not path.is_file():
        raise PictureError(f"There is no file {path}: check the name, and the folder that it is looked for in.")
    try:
        with Image.open(path) as image:
            image.load()
            return _rgb(ImageOps.exif_transpose(image))
    except Image.UnidentifiedImageError:
        raise PictureError(f"{path} is no picture: give a PNG, JPEG, GIF, BMP, TIFF or WebP file.") from None
    except Image.DecompressionBombError:
        raise PictureError(f"{path} is too large to open safely: make it smaller than 170 million pixels.") from None
    except (OSError, SyntaxError, ValueError, EOFError):
        raise PictureError(f"{path} is damaged and cannot be read to its end: copy or save it again.") from None


def _rgb(image):
    """The picture in RGB: 16 bits scaled to 8, transparency on white."""
    from PIL import Image

    if image.mode.startswith("I;16"):
        image = image.convert("I").point(lambda value: value * (1 / 257)).convert("L")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")
