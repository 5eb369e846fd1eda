"""A picture with the boxes of the reference and of the program, as a data address."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from pipeline.data.dataset import Box
from pipeline.data.image import Image
from pipeline.data.write_picture import COLOURS

WHITE = (255, 255, 255)
WIDEST = 900  # pixels


def draw_boxes(image: Image, reference: Sequence[Box], answers: Sequence[Box], classes: Sequence[str]) -> str:
    """White the reference, in the colour of its class each answer.

    Args:
        image: A picture, its axes x and y.
        reference: px.
        answers: px.
        classes: Their order chooses the colours.
    """
    from PIL import ImageDraw

    shown = in_colours(image)
    times = min(1.0, WIDEST / shown.width)
    shown = shown.resize((round(shown.width * times), round(shown.height * times)))
    draw = ImageDraw.Draw(shown)
    for box in reference:
        draw.rectangle(_ends(box, times), outline=WHITE, width=3)
    for box in answers:
        draw.rectangle(_ends(box, times), outline=COLOURS[classes.index(box.label) % len(COLOURS)], width=2)
    return drawn_address(shown)


def side_by_side(images: Sequence[Image], height: int = 260) -> str:
    """Pictures of one height beside each other, as a data address."""
    import PIL.Image

    shown = [in_colours(image) for image in images]
    shown = [one.resize((max(1, round(one.width * height / one.height)), height)) for one in shown]
    whole = PIL.Image.new("RGB", (sum(one.width for one in shown) + 8 * (len(shown) - 1), height), WHITE)
    left = 0
    for one in shown:
        whole.paste(one, (left, 0))
        left += one.width + 8
    return drawn_address(whole)


def in_colours(image: Image) -> Any:
    """A picture (Pillow's) in colours, from its darkest to its brightest half percent."""
    import PIL.Image

    pixels = np.stack([c.T for c in image.channels], -1).astype(np.float32)
    low, high = np.percentile(pixels, [0.5, 99.5])
    grey = np.clip(255 * (pixels - low) / max(float(high - low), 1e-6), 0, 255)
    return PIL.Image.fromarray(np.ascontiguousarray(np.broadcast_to(grey, (*grey.shape[:2], 3)).astype(np.uint8)))


def drawn_address(picture: Any) -> str:
    """A picture (Pillow's) as a data address."""
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(content.getvalue()).decode()


def _ends(box: Box, times: float) -> list[float]:
    return [(v + 0.5) * times - 0.5 for v in (*box.low, *box.high)]
