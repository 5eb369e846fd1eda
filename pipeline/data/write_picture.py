"""A picture with its answers drawn on it, for people to look at. No guess is drawn as an answer."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.data.atomic import write_bytes
from pipeline.data.dataset import Box
from pipeline.data.image import Image
from pipeline.data.predictions import Answer
from pipeline.data.read_picture import read_picture

QUICK = 1  # of 9: a quarter of the time of Pillow's 6, for a fifth more bytes
LEAST = 480  # pixels of the longer side, so that a name can be read
COLOURS = ((255, 176, 32), (34, 211, 238), (120, 230, 90), (255, 110, 160), (170, 140, 255), (250, 250, 120))
INK, BONE, SHADE, WHITE = (255, 176, 32), (80, 220, 120), (0, 0, 0), (255, 255, 255)


def write_png(image: Image, path: Path) -> None:
    """Write a picture as it is: 8 or 16 bits, grey or in colours."""
    import PIL.Image

    content = io.BytesIO()
    PIL.Image.fromarray(np.ascontiguousarray(image.voxels.swapaxes(0, 1))).save(content, "PNG")
    write_bytes(path, content.getvalue())


def write_picture(
    path: Path, picture: Path, answers: Mapping[str, Answer], edges: Sequence[tuple[str, str]] = ()
) -> None:
    """Write a PNG: small pictures enlarged, each found landmark a ring with its name.

    Args:
        path: To write.
        picture: That was answered.
        answers: By landmark, px.
        edges: Landmarks joined by lines: the bones of a skeleton.
    """
    content = io.BytesIO()
    drawn_picture(read_picture(picture), answers, edges).save(content, "PNG", compress_level=QUICK)
    write_bytes(path, content.getvalue())


def drawn_picture(
    image: Image, answers: Mapping[str, Answer], edges: Sequence[tuple[str, str]] = (), names: bool = True
) -> Any:
    """A picture (Pillow's) with its answers; with their `names`, and those that were not found."""
    from PIL import ImageDraw

    shown, times = _enlarged(image)
    at = {n: _middle(a.position, times) for n, a in answers.items() if a.found and a.position is not None}
    draw = ImageDraw.Draw(shown)
    for one, other in edges:
        if one in at and other in at:
            draw.line([at[one], at[other]], fill=BONE, width=3)
    for name, (x, y) in at.items():
        for ink, width in ((SHADE, 4), (INK, 2)):
            draw.ellipse([x - 6, y - 6, x + 6, y + 6], outline=ink, width=width)
        if not names:
            continue
        word = _in_one_line(name)
        right = x + 9 + draw.textlength(word) <= shown.width
        draw.text((x + 9 if right else x - 9, y), word, fill=INK, stroke_width=2, stroke_fill=SHADE,
                  anchor="lm" if right else "rm")  # fmt: skip
    missing = [name for name in answers if name not in at]
    if missing and names:
        said = _in_one_line(f"not found: {', '.join(missing)}")
        if draw.textlength(said) > shown.width - 8:
            said = _in_one_line(f"not found: {len(missing)} of {len(answers)}")
        draw.text((4, 4), said, fill=INK, stroke_width=2, stroke_fill=SHADE)
    return shown


def write_boxed_picture(
    path: Path, picture: Path, boxes: Sequence[Box], words: Sequence[str], classes: Sequence[str]
) -> None:
    """Write a PNG with boxes, each class in its colour.

    Args:
        path: To write.
        picture: That was answered.
        boxes: px.
        words: Beside the class of each, such as its belief.
        classes: All there are; their order chooses the colours.
    """
    content = io.BytesIO()
    boxed_picture(read_picture(picture), boxes, words, classes).save(content, "PNG", compress_level=QUICK)
    write_bytes(path, content.getvalue())


def boxed_picture(
    image: Image,
    boxes: Sequence[Box],
    words: Sequence[str],
    classes: Sequence[str],
    reference: Sequence[Box] = (),
    widest: int | None = None,
) -> Any:
    """A picture (Pillow's) with boxes as above; those of the reference below them, in white.

    Args:
        widest: Pixels that a wider one is shrunk to.
    """
    from PIL import ImageDraw

    shown, times = _enlarged(image, widest)
    draw = ImageDraw.Draw(shown)
    for box in reference:
        left, bottom = _frame(draw, box, times, WHITE, 3)[::3]
        _label(draw, (left + 4, bottom - 3), box.label, WHITE, "lb", shown.width)
    for box, word in zip(boxes, words, strict=True):
        ink = COLOURS[classes.index(box.label) % len(COLOURS)]
        left, top, *_ = _frame(draw, box, times, ink, 2)
        _label(draw, (left + 3, top + 1), f"{box.label} {word}", ink, "la", shown.width)
    return shown


def _frame(draw: Any, box: Box, times: float, ink: tuple[int, int, int], width: int) -> list[float]:
    """Draw it; returns left, top, right and bottom."""
    ends = [*_middle(box.low, times), *_middle(box.high, times)]
    draw.rectangle(ends, outline=ink, width=width)
    return ends


def _label(draw: Any, at: tuple[float, float], word: str, ink: tuple[int, int, int], anchor: str, width: float) -> None:
    """Write a word, none of it beyond the right edge."""
    word = _in_one_line(word)
    x = max(2.0, min(at[0], width - 2 - draw.textlength(word)))
    draw.text((x, at[1]), word, fill=ink, stroke_width=2, stroke_fill=SHADE, anchor=anchor)


def _in_one_line(name: str) -> str:
    """Pillow does not measure several lines, which a cell in quotes may have. Two blanks between words: one of Pillow's
    own font is two pixels wide, and the dark rim of the letters fills it."""
    return "  ".join(name.split())


def _enlarged(image: Image, widest: int | None = None) -> tuple[Any, float]:
    """The picture in colours, and how many times it was enlarged; a part of one where it is wider than `widest`."""
    import PIL.Image

    pixels = shown_pixels(np.stack([c.T for c in image.channels], -1))
    colours = np.broadcast_to(pixels, (*pixels.shape[:2], 3))
    size = image.frame.shape
    times: float = -(-LEAST // max(size)) if max(size) < LEAST else 1
    times = min(times, widest / size[0]) if widest else times
    width, height = (max(1, round(n * times)) for n in size)
    return PIL.Image.fromarray(np.ascontiguousarray(colours)).resize(
        (width, height), PIL.Image.Resampling.BICUBIC
    ), times


def shown_pixels(pixels: np.ndarray) -> np.ndarray:
    """Of 8 bits as they are; deeper ones from black, the least, to white."""
    if pixels.dtype == np.uint8:
        return pixels
    low, high = float(pixels.min()), float(pixels.max())
    return (255 * (pixels.astype(np.float32) - low) / max(high - low, 1e-6)).round().astype(np.uint8)


def _middle(position: Sequence[float], times: float) -> tuple[float, float]:
    """Where a position lies in the enlarged picture; pixel centres are at integers in both."""
    x, y = (times * (v + 0.5) - 0.5 for v in position)
    return x, y
