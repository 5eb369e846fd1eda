"""Pictures: PNG, JPEG, BMP, TIFF, PGM, PPM, WebP, turned the way the camera was held (EXIF).

Their world is the picture itself: pixels, x to the right, y down, 0 at the centre of the top left pixel.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.data.image import Image
from pipeline.data.room import require_memory
from pipeline.errors import DataError
from pipeline.geometry import ImageFrame

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".pgm", ".ppm", ".webp")
ORIENTATION = 0x0112  # the EXIF tag
UPRIGHT, ON_ITS_SIDE = range(1, 5), range(5, 9)  # its values
PREVIEWED = "MPO"  # Pillow's word for the JPEG of a camera that has smaller ones of the same behind it
TIFF_SIZE = (0x0100, 0x0101)
TIFF_BITS, TIFF_WHITE = 0x0102, 0x0106  # BitsPerSample; PhotometricInterpretation, 0 = white at 0
TIFF_PLANES = 0x011C  # PlanarConfiguration, 2 = each colour by itself
DEEP = ("I", "F", "I;16", "I;16B", "I;16L", "I;16N")  # of more than 8 bits, all grey
GREY = ("L", *DEEP)
TO_GREY = ("1", "LA", "La")
COLOURS = 3
HALVED = "of 16 bits a value the upper 8 are read"
DIM = "none of which is above"
LEAST = 64  # values that the upper 8 bits must hold: scanners of 12 and 14 bits leave 16 and 64 of them


def read_picture(path: Path) -> Image:
    """Pixels [x, y] of a grey picture in the file's own depth, [x, y, colour] of one in colours, in 8 bits.

    Raises:
        DataError: Not a picture, damaged, cut off, several in one file, or a TIFF of a kind that Pillow mistakes.
    """
    from PIL import ImageOps

    with opened_picture(path) as picture:
        halved = _is_halved(picture)  # first: what loads the picture forgets how it is stored
        _refuse_mistaken(path, picture, halved)
        frame, plain, notes = _frame(picture), _plain_mode(picture.mode), _notes(picture)
        require_memory(path, int(np.prod(frame.shape)) * (COLOURS if plain == "RGB" else 1), 4)
        upright = ImageOps.exif_transpose(picture)
        pixels = np.asarray(upright if upright.mode == plain else upright.convert(plain))
        if halved:
            notes += (_of_halved(int(pixels.max())),)
        return Image(frame, pixels.astype(pixels.dtype.newbyteorder("="), copy=False).swapaxes(0, 1), notes)


def read_picture_frame(path: Path) -> ImageFrame:
    """The frame alone; pixels are not read."""
    with opened_picture(path) as picture:
        return _frame(picture)


@contextmanager
def opened_picture(path: Path) -> Iterator[Picture]:
    """The picture as Pillow has it, neither read nor turned yet; whatever goes wrong with it names the file.

    Raises:
        DataError: Not a picture, damaged, or several in one file.
    """
    import PIL.Image

    # Of a large picture that is read all the same. Not for this block alone: what warnings.catch_warnings restores it
    # takes from other threads. At each opening, for another thread may have restored what was before.
    warnings.simplefilter("ignore", PIL.Image.DecompressionBombWarning)
    try:
        # By its name Pillow maps the pixels of a plain TIFF into memory, in rows of the length that they have upright.
        with open(path, "rb") as file, PIL.Image.open(file) as picture:
            count = getattr(picture, "n_frames", 1)
            if count > 1 and picture.format != PREVIEWED:
                raise DataError(f"{path}: {count} pictures in one file. Save each as a file of its own.")
            yield picture
    except DataError:
        raise
    except PIL.Image.DecompressionBombError as error:
        most = 2 * (PIL.Image.MAX_IMAGE_PIXELS or 0)
        raise DataError(
            f"{path}: more than {most} pixels, the most that is read. Crop it, or save it smaller."
        ) from error
    except PIL.UnidentifiedImageError as error:  # which names the open file by its address in memory
        raise DataError(
            f"{path}: not readable as a picture: of no kind that is known, or damaged where it begins. Save it again."
        ) from error
    except Exception as error:  # Pillow's own, and those of each of its decoders
        raise DataError(f"{path}: not readable as a picture: {error}. Save it again.") from error


def _frame(picture: Picture) -> ImageFrame:
    sideways = picture.getexif().get(ORIENTATION) in ON_ITS_SIDE
    stored = _stored_size(picture)
    return ImageFrame(stored[:: -1 if sideways else 1], np.eye(len(stored) + 1), "px")


def _stored_size(picture: Picture) -> tuple[int, ...]:
    """Columns and rows in the file: newer versions of Pillow turn the size of a TIFF, and no other, on opening."""
    tags = getattr(picture, "tag_v2", None)
    return picture.size if tags is None else tuple(int(tags[tag]) for tag in TIFF_SIZE)


def _plain_mode(mode: str) -> str:
    if mode in GREY:
        return mode
    return "L" if mode in TO_GREY else "RGB"


def _notes(picture: Picture) -> tuple[str, ...]:
    turned = picture.getexif().get(ORIENTATION, 1)
    return (
        *((f"turned as its EXIF orientation {turned} says",) if turned in (*UPRIGHT[1:], *ON_ITS_SIDE) else ()),
        *(("transparency ignored",) if picture.mode in ("RGBA", "LA", "PA", "La", "RGBa") else ()),
        *((f"the first of {count} pictures in the file",) if (count := getattr(picture, "n_frames", 1)) > 1 else ()),
    )


def _is_halved(picture: Picture) -> bool:
    """Whether the file has 16 bits a value where Pillow keeps 8: colours, and grey with transparency."""
    stored = str(getattr(picture, "tile", ())[:1])  # with the layout of the bytes in it, such as RGB;16B
    highest = re.search(r"\('RGB', (\d+)\)", stored) if picture.format == "PPM" else None  # value that there may be
    deep = re.search(r";16[BLN]\b", stored) or (highest and int(highest[1]) > 255)
    return picture.mode not in DEEP and bool(deep)


def _of_halved(highest: int) -> str:
    return f"{HALVED}, {DIM} {highest}" if highest < LEAST else HALVED


def _refuse_mistaken(path: Path, picture: Picture, halved: bool) -> None:
    """TIFFs that Pillow makes another picture of: white at 0 is turned round in 8 bits alone, and colours that lie each
    by itself are read as if each value had 8 bits."""
    tags, deep = getattr(picture, "tag_v2", {}), picture.mode in DEEP
    if deep and tags.get(TIFF_WHITE) == 0:
        raise DataError(
            f"{path}: PhotometricInterpretation = 0, white at 0, with more than 8 bits, which is not read. Save it with"
            " black at 0, or with 8 bits."
        )
    if not deep and not halved and max(tags.get(TIFF_BITS, (8,))) > 8:
        raise DataError(
            f"{path}: PlanarConfiguration = {tags.get(TIFF_PLANES)}, each colour by itself, with 16 bits, which is not"
            " read. Save it with the colours together, or with 8 bits."
        )
