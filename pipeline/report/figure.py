"""Figures as text that a page can hold: inline SVG for curves, embedded PNG for pictures."""

from __future__ import annotations

import base64
import functools
import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK = "#010203"  # stands for the colour of the page's text, which changes between light and dark
COLOURS = ("#3b82f6", "#e8710a", "#16a37b", "#b467e0", "#d9466f", "#9a7b2f")  # readable on white and on near-black
FURTHER = (  # families that may have what the usual one lacks, as the scripts of East Asia
    *(f"Noto Sans {name}" for name in ("CJK SC", "CJK JP", "SC", "JP", "KR", "Devanagari", "Bengali", "Tamil", "Thai")),
    *("WenQuanYi Zen Hei", "WenQuanYi Micro Hei", "Droid Sans Fallback", "Microsoft YaHei", "Malgun Gothic"),
    *("Yu Gothic", "Nirmala UI", "PingFang SC", "Hiragino Sans", "Apple SD Gothic Neo", "Arial Unicode MS"),
)
SETTINGS = {
    "text.parse_math": False,  # landmark names may hold $
    "svg.fonttype": "none",
    "svg.hashsalt": "patchvote",  # the same figure gives the same bytes
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "grid.color": INK,
    "legend.frameon": False,
    **dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), INK),
}


@contextmanager
def figure(width: float, height: float) -> Iterator[Figure]:
    """An empty figure of that many inches with our settings; no window, no global state left behind. What no font has
    is a box, and no line on stderr."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    settings = SETTINGS | {"font.family": _families()}
    with matplotlib.rc_context(settings), warnings.catch_warnings():  # type: ignore[arg-type]  # keys are a closed list
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from", UserWarning)
        made = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(made)
        yield made


@functools.cache
def _families() -> tuple[str, ...]:
    """The usual one, and behind it those that this machine has."""
    from matplotlib.font_manager import fontManager

    installed = {font.name for font in fontManager.ttflist}
    return ("sans-serif", *(name for name in FURTHER if name in installed))


def svg(made: Figure) -> str:
    """Inline SVG in the page's own text colour, without prologue, metadata or any address."""
    buffer = io.StringIO()
    made.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    text = buffer.getvalue()
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    text = re.sub(r' xmlns(:\w+)?="[^"]*"', "", text)
    text = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text, count=1)
    return text.replace(INK, "currentColor")


def png(made: Figure, dpi: int = 100) -> str:
    """A data address of the picture."""
    return "data:image/png;base64," + base64.b64encode(png_bytes(made, dpi)).decode("ascii")


def png_bytes(made: Figure, dpi: int = 100) -> bytes:
    """The picture as a file holds it."""
    buffer = io.BytesIO()
    made.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
    return buffer.getvalue()


def label(name: str, most: int = 28) -> str:
    """A name that fits a legend; matplotlib leaves out labels that start with an underscore."""
    short = name if len(name) <= most else name[: most - 1] + "…"
    return "\u200b" + short if short.startswith("_") else short
