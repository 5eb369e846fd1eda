"""Draw the two example filters, glasses and a hat, with the landmarks that they hang on.

Run:  python scripts/draw_filters.py pipeline/report/filters
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from PIL import Image, ImageDraw

TIMES = 4  # drawn larger and shrunk, for smooth edges
FRAME, GLASS, FELT, BAND = (30, 30, 36, 255), (120, 190, 230, 90), (70, 44, 30, 255), (190, 60, 50, 255)


def glasses() -> tuple[Image.Image, dict[str, tuple[float, float]]]:
    image = Image.new("RGBA", (240 * TIMES, 80 * TIMES))
    draw = ImageDraw.Draw(image)
    for middle in (60, 180):
        box = [v * TIMES for v in (middle - 44, 8, middle + 44, 72)]
        draw.rounded_rectangle(box, 26 * TIMES, GLASS, FRAME, 6 * TIMES)
    draw.arc([v * TIMES for v in (98, 18, 142, 52)], 190, 350, FRAME, 6 * TIMES)
    for x in (0, 224):
        draw.rectangle([v * TIMES for v in (x, 26, x + 16, 33)], FRAME)
    return image, {"eye_imgleft": (59.5, 39.5), "eye_imgright": (179.5, 39.5)}


def hat() -> tuple[Image.Image, dict[str, tuple[float, float]]]:
    image = Image.new("RGBA", (300 * TIMES, 160 * TIMES))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle([v * TIMES for v in (70, 4, 230, 140)], 34 * TIMES, FELT)
    draw.rectangle([v * TIMES for v in (70, 96, 230, 122)], BAND)
    draw.ellipse([v * TIMES for v in (4, 112, 296, 156)], FELT)
    return image, {"eye_imgleft": (99.5, 209.5), "eye_imgright": (199.5, 209.5)}  # the eyes lie below the brim


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    folder = parser.parse_args().out
    for made in (glasses, hat):
        image, anchors = made()
        small = image.resize((image.width // TIMES, image.height // TIMES), Image.Resampling.LANCZOS)
        small.save(folder / f"{made.__name__}.png", optimize=True)
        content = {"version": 1, "anchors": {name: list(at) for name, at in anchors.items()}}
        (folder / f"{made.__name__}.json").write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
