"""A picture with the boxes of the reference and of the program, as a data address."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from pipeline.data.box_predictions import FoundBox
from pipeline.data.dataset import Box
from pipeline.data.image import Image
from pipeline.data.write_picture import WHITE, boxed_picture

WIDEST = 900  # pixels


def draw_boxes(image: Image, reference: Sequence[Box], answers: Sequence[FoundBox], classes: Sequence[str]) -> str:
    """White the reference, in the colour of its class each answer, with its belief.

    Args:
        image: A picture, its axes x and y.
        reference: px.
        answers: px.
        classes: Their order chooses the colours.
    """
    boxes, words = [found.box for found in answers], [f"{found.belief:.2f}" for found in answers]
    return drawn_address(boxed_picture(image, boxes, words, classes, reference, WIDEST))


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
