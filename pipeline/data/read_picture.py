"""Pictures: PNG, JPEG, BMP, TIFF, PGM, PPM, WebP, turned the way the camera was held (EXIF).

Their world is the picture itself: pixels, x to the right, y down, 0 at the centre of the top left pixel.
"""

from __future__ import annotations

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
GREY = ("L", "I", "F", "I;16", "I;16B", "I;16L", "I;16N")
TO_GREY = ("1", "LA", "La")
COLOURS = 3


def read_picture(path: Path) -> Image:
    """Pixels [x, y] of a grey picture, [x, y, colour] of one in colours, in the file's own depth.

    Raises:
        DataError: Not a picture, damaged, cut off, or several in one file.
    """
    from PIL import ImageOps

    with _opened(path) as picture:
        frame, plain, notes = _frame(picture), _plain_mode(picture.mode), _notes(picture)
        require_memory(path, int(np.prod(frame.shape)) * (COLOURS if plain == "RGB" else 1), 4)
        upright = ImageOps.exif_transpose(picture)
        pixels = np.asarray(upright if upright.mode == plain else upright.convert(plain))
    return Image(frame, pixels.astype(pixels.dtype.newbyteorder("="), copy=False).swapaxes(0, 1), notes)


def read_picture_frame(path: Path) -> ImageFrame:
    """The frame alone; pixels are not read."""
    with _opened(path) as picture:
        return _frame(picture)


@contextmanager
def _opened(path: Path) -> Iterator[Picture]:
    import PIL.Image

    try:
        with PIL.Image.open(path) as picture:
            count = getattr(picture, "n_frames", 1)
            if count > 1:
                raise DataError(f"{path}: {count} pictures in one file. Save each as a file of its own.")
            yield picture
    except DataError:
        raise
    except Exception as error:  # Pillow's own, and those of each of its decoders
        raise DataError(f"{path}: not readable as a picture: {error}. Save it again.") from error


def _frame(picture: Picture) -> ImageFrame:
    sideways = picture.getexif().get(ORIENTATION) in ON_ITS_SIDE
    return ImageFrame(picture.size[:: -1 if sideways else 1], np.eye(len(picture.size) + 1), "px")


def _plain_mode(mode: str) -> str:
    if mode in GREY:
        return mode
    return "L" if mode in TO_GREY else "RGB"


def _notes(picture: Picture) -> tuple[str, ...]:
    turned = picture.getexif().get(ORIENTATION, 1)
    return (
        *((f"turned as its EXIF orientation {turned} says",) if turned in (*UPRIGHT[1:], *ON_ITS_SIDE) else ()),
        *(("transparency ignored",) if picture.mode in ("RGBA", "LA", "PA", "La", "RGBa") else ()),
    )
