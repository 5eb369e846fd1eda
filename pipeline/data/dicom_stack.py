"""Where the slices of a series lie, and the even, right-angled grid that their voxels are brought to.

An even stack is taken as it is. A tilted gantry shifts every slice within its plane by as much as its height says,
and some protocols change the step on the way; both are undone by linear interpolation at the true positions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from jaxtyping import Float, Shaped

from pipeline.data.dicom_header import Slice
from pipeline.errors import DataError
from pipeline.geometry import ImageFrame

WIDEST = 3  # times the usual step: a wider gap is no step of a protocol
DRIFT = 0.02  # pixels within a plane that rounded positions explain
STEEPEST = 45  # degrees of a gantry
SPARE = 0.01, 0.1  # mm, for positions are often written to so much; and of a step, at most: micro-CT has finer ones


@dataclass(frozen=True, eq=False)
class Stack:
    """How to bring planes to an even grid.

    Args:
        frame: LPS frame of (slice, row, column).
        heights: Of the slices along the normal, mm from the first.
        shifts: Of the slices in their plane, in rows and columns of the frame.
        even: Whether nothing has to be done.
        notes: What is done, in words.
    """

    frame: ImageFrame
    heights: Float[np.ndarray, " N"]
    shifts: Float[np.ndarray, "N 2"]
    even: bool
    notes: tuple[str, ...]

    def bring(self, planes: Shaped[np.ndarray, "N R C"]) -> Shaped[np.ndarray, "*S"]:
        """Voxels of `frame` from the planes, which keep their type; what no slice covers gets the least value."""
        if self.even:
            return planes
        from scipy.ndimage import shift

        low, size = planes.min(), self.frame.shape[1:]
        wide = np.full((len(planes), *size), low, np.float32)
        wide[:, : planes.shape[1], : planes.shape[2]] = planes
        moved = np.stack([shift(p, s, order=1, cval=float(low)) for p, s in zip(wide, self.shifts, strict=True)])
        step = self.heights[-1] / (self.frame.shape[0] - 1)
        at = np.interp(np.arange(self.frame.shape[0]) * step, self.heights, np.arange(len(planes)))
        below = np.minimum(at.astype(int), len(planes) - 2)
        part = (at - below).astype(np.float32)[:, None, None]
        voxels = moved[below] * (1 - part) + moved[below + 1] * part
        return voxels.round().astype(planes.dtype) if planes.dtype.kind in "iu" else voxels


def plan_stack(folder: Path, slices: Sequence[Slice]) -> Stack:
    """Where the sorted slices lie.

    Raises:
        DataError: A slice is missing, doubled or beside the line of the others; names the two it lies between.
    """
    first, origins = slices[0], np.array([s.position for s in slices])
    heights = (origins - origins[0]) @ first.normal
    uneven = _uneven(folder, slices, heights)
    inside = np.stack([(origins - origins[0]) @ first.cosines[3:], (origins - origins[0]) @ first.cosines[:3]], axis=1)
    pixel = float(first.spacing.min())
    slope = inside[-1] / heights[-1]
    if np.abs(inside - heights[:, None] * slope).max() > pixel / 2:
        raise DataError(f"{folder}: slices do not lie on one line. Export the series again.")
    angle = float(np.degrees(np.arctan(np.linalg.norm(slope))))
    tilted = float(np.linalg.norm(inside[-1])) > pixel / 2
    if tilted and angle > STEEPEST:
        raise DataError(f"{folder}: gantry tilt: slices are stacked {angle:.2f} degrees off their normal. Resample it.")
    notes: tuple[str, ...] = (f"gantry tilt of {angle:.2f} degrees: resampled",) if tilted else ()
    notes += (f"{uneven}: resampled to an even step",) if uneven else ()
    shifts = inside / first.spacing if tilted else np.zeros_like(inside)
    frame, shifts = _frame(slices, heights, shifts, bool(uneven))
    if not tilted and (off := float(np.linalg.norm(inside, axis=1).max())) > DRIFT * pixel:
        notes += (f"slices drift by up to {off:.2f} mm within their planes",)
    if not tilted and not uneven:
        step = np.array([origins[-1] - origins[0]]).T / (len(slices) - 1)
        affine = np.array(frame.affine)
        affine[:3, :1] = step
        frame = ImageFrame(frame.shape, affine)
    return Stack(frame, heights, shifts, not tilted and not uneven, notes)


def _frame(
    slices: Sequence[Slice], heights: np.ndarray, shifts: np.ndarray, uneven: bool
) -> tuple[ImageFrame, np.ndarray]:
    """The grid that holds all slices, and the shifts counted from its corner."""
    first = slices[0]
    low, high = np.floor(shifts.min(axis=0)), np.ceil(shifts.max(axis=0))
    count = len(slices)
    if uneven:
        count = 1 + max(1, round(float(heights[-1] / np.median(np.diff(heights)))))
    row, column = first.cosines[:3], first.cosines[3:]
    corner = first.position + column * low[0] * first.spacing[0] + row * low[1] * first.spacing[1]
    affine = np.eye(4)
    step = first.normal * heights[-1] / (count - 1)
    affine[:3] = np.column_stack([step, column * first.spacing[0], row * first.spacing[1], corner])
    size = np.array(first.size) + (high - low).astype(int)
    return ImageFrame((count, int(size[0]), int(size[1])), affine), shifts - low


def _uneven(folder: Path, slices: Sequence[Slice], heights: np.ndarray) -> str:
    """What steps there are, in words, if more than one; DataError if a slice is doubled or missing."""
    gaps = np.diff(heights)
    usual = float(np.median(gaps))
    _refuse_doubled(folder, slices, heights, usual)
    near = 0.01 * usual + min(SPARE[0], SPARE[1] * usual)  # mm
    digits = max(3, 2 - int(np.floor(np.log10(usual))))  # of what is told
    odd = [int(i) for i in np.flatnonzero(np.abs(gaps - usual) > near)]
    numbered = _numbered(slices, heights, near)
    if lost := numbered or _wide(slices, odd, gaps[odd] / usual):
        listed = "; ".join(
            f"{gaps[i]:.{digits}f} mm between {slices[i].path.name} and {slices[i + 1].path.name}"
            f" at {heights[i]:.{digits - 2}f} mm"
            for i in lost[:5]
        )
        more = f" and {len(lost) - 5} more" if len(lost) > 5 else ""
        elsewhere = f"{np.median(np.delete(gaps, lost)):.{digits}f} mm"
        why = "slices are missing" + (", as InstanceNumber says" if numbered else "")
        raise DataError(f"{folder}: {why}: {listed}{more}; elsewhere {elsewhere}. Export the whole series.")
    steps = sorted({round(float(g), digits - 1) for g in gaps})
    return f"steps from {steps[0]:g} to {steps[-1]:g} mm" if odd else ""


def _numbered(slices: Sequence[Slice], heights: np.ndarray, near: float) -> list[int]:
    """Gaps that InstanceNumbers skip over, where these count an even stack: each gap is as wide as its step says. The
    usual gap cannot tell where slices are missing in most of them."""
    numbers = [s.number for s in slices]
    if None in numbers or numbers[0] == numbers[-1]:
        return []
    steps = np.diff(np.array(numbers, np.float64))
    if np.abs(np.diff(heights) - steps * heights[-1] / steps.sum()).max() > near:
        return []
    return [int(i) for i in np.flatnonzero(np.abs(steps) > np.abs(steps).min())]


def _wide(slices: Sequence[Slice], odd: Sequence[int], times: np.ndarray) -> list[int]:
    """Gaps that are no step of a protocol, of those that are `times` the usual one."""
    numbers = [s.number for s in slices]
    skipped = [n is not None and m is not None and abs(m - n) > 1 for n, m in pairwise(numbers)]
    counted = sum(skipped) <= len(skipped) / 2  # numbers that rise by one, as a rule
    return [
        i for i, t in zip(odd, times, strict=True)
        if t > WIDEST or (t > 1.5 and (abs(t - round(t)) < 0.05 or (counted and skipped[i])))
    ]  # fmt: skip


def _refuse_doubled(folder: Path, slices: Sequence[Slice], heights: np.ndarray, usual: float) -> None:
    places = 1 + int((np.diff(heights) > 0.01 * max(usual, 0.01)).sum())
    if places == len(heights):
        return
    index = int(np.argmax(np.diff(heights) <= 0.01 * max(usual, 0.01)))
    if len(heights) % places == 0 and places > 1:
        many = f" {len(heights) // places} slices at each of {places} places: a scan in time."
    else:
        many = ""
    raise DataError(
        f"{folder}: two slices at {heights[index]:.3f} mm, between {slices[index].path.name} and"
        f" {slices[index + 1].path.name}.{many} Keep one phase, or remove the copy."
    )
