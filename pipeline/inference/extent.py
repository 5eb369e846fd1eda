"""How large a scan is, against those that a model learned from: one whose header states another unit than it means is
huge.

The levels of such a scan fill minutes and the memory, and the model knows nothing of what it shows at that size: one of
48 mm, called 20 times as large, took minutes to tell that nothing was found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pipeline.data.findings import Finding
from pipeline.errors import MisfitError
from pipeline.geometry import ImageFrame

LARGE = 5.0  # times the largest scan that was learned from: as a whole body against a heart
HUGE = 15.0  # where nothing of a body was meant: of scans called 20 times as large, some are small ones
FIELDS = "pixdim of a NIfTI, space directions of an NRRD, ElementSpacing of a MetaImage, PixelSpacing of DICOM"


def extent(shape: Iterable[int], spacing: Iterable[float]) -> float:
    """The longest side, world unit.

    >>> extent((40, 30, 20), (1.0, 1.0, 2.5))
    50.0
    """
    return max(float(count * step) for count, step in zip(shape, spacing, strict=True))


def largest(grids: Iterable[tuple[Iterable[int], Iterable[float]]]) -> float | None:
    """The longest side of many scans by their shapes and spacings; None = there is none."""
    return max((extent(*grid) for grid in grids), default=None)


def require_extent(frame: ImageFrame, learned: float | None) -> None:
    """Refuse to look through a scan that is far too large; never where it is not known what was learned from.

    Raises:
        MisfitError: It is.
    """
    if _times(frame, learned) >= HUGE:
        advice = f"Correct them in its header ({FIELDS}) if it means another unit than mm, or crop the scan."
        raise MisfitError(f"{_said(frame, learned)} {advice}")


def extent_remarks(case: str, frame: ImageFrame, learned: float | None) -> Iterator[Finding]:
    """A warning where it is odd how large a scan is."""
    if _times(frame, learned) >= LARGE:
        advice = f"Check that its header means mm ({FIELDS})."
        yield Finding("extent", "warning", case, _said(frame, learned), advice)


def _times(frame: ImageFrame, learned: float | None) -> float:
    return extent(frame.shape, frame.spacing) / learned if learned else 0.0


def _said(frame: ImageFrame, learned: float | None) -> str:
    sizes, side = [float(f"{s:.4g}") for s in frame.spacing], extent(frame.shape, frame.spacing)
    times = f"{_times(frame, learned):.0f} times as long as any that the model learned from ({learned:.4g} mm)"
    return f"with voxels of {sizes} mm this scan is {side:.4g} mm long, {times}."
