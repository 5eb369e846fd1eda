"""An image turned, moved and scaled into another world, with its voxels sampled anew, and the file that it becomes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pipeline.data.image import Image
from pipeline.data.resample import resample
from pipeline.data.write_nifti import nearest_kind, write_nifti
from pipeline.data.write_picture import write_png
from pipeline.geometry import ImageFrame


def aligned(image: Image, matrix: np.ndarray, frame: ImageFrame) -> Image:
    """The image in another world, in the box of voxels `frame`; its values keep their type where NIfTI knows it.

    Args:
        matrix: From the image's world to that of `frame`.
    """
    moved = ImageFrame(image.frame.shape, matrix @ image.frame.affine, image.frame.unit)
    parts = [resample(c, moved, frame, outside=0.0 if frame.unit == "px" else float(c.min())) for c in image.channels]
    kind = nearest_kind(image.voxels.dtype, parts)  # parts are float32: nothing more is lost
    if kind.kind in "iu":
        limits = np.iinfo(kind)
        parts = [np.clip(np.round(part), limits.min, limits.max) for part in parts]
    voxels = np.stack(parts, -1) if image.voxels.ndim > image.frame.dims else parts[0]
    return Image(frame, voxels.astype(kind))


def write_aligned(place: Path, image: Image) -> None:
    """As NIfTI, or a picture as PNG."""
    if image.frame.unit == "mm":
        write_nifti(image, place)
    else:  # pictures are kept with x as their first axis
        frame = ImageFrame(image.frame.shape[::-1], np.eye(3), "px")
        write_png(Image(frame, image.voxels.swapaxes(0, 1)), place)
