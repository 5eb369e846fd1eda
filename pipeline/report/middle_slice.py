"""A scan as one picture, to be shown beside others: the axial plane through its middle."""

from __future__ import annotations

import numpy as np

from pipeline.data.image import Image
from pipeline.geometry import ImageFrame
from pipeline.report.planes import planes

SAMPLES = 512  # along the longest edge of the scan


def middle_slice(image: Image) -> Image:
    """Of a scan that plane, without the margins that lie outside of it, in px; a picture as it is. A line is shown as
    stripes; what lies outside, as at the corners of a scan that is turned, is as dark as the darkest voxel."""
    if image.frame.unit == "px":
        return image
    shape = np.array(image.frame.shape)
    centre = image.frame.voxel_to_world((shape - 1)[None] / 2)[0]
    half = float((shape * image.frame.spacing).max()) / 2
    axial = planes(image, centre, half, SAMPLES)[0].values
    values = np.broadcast_to(axial, (SAMPLES, SAMPLES))
    there = np.isfinite(values)
    values = values[there.any(1)][:, there.any(0)].T  # x, then y
    pixels = np.nan_to_num(values, nan=float(np.nanmin(values)))
    return Image(ImageFrame(pixels.shape, np.eye(3), "px"), pixels)
