"""One scan in all 48 axis orders and flips, and as an oblique copy: how far do the answers differ, in mm?

Run:  python scripts/bench_orientations.py runs/NAME/model SCAN [FOLDER]

The 48 copies hold the same voxels in another order, with an affine that says so; the oblique copy is resampled onto
axes turned by 20, -15 and 10 degrees. The copies are written as NIfTI files and predicted like anybody's scans.
"""

from __future__ import annotations

import itertools
import sys
import tempfile
from pathlib import Path

import numpy as np

from pipeline.data.image import Image
from pipeline.data.predictions import Answer
from pipeline.data.readers import read_image
from pipeline.data.write_nifti import write_nifti
from pipeline.geometry import ImageFrame
from pipeline.stages.predict import predict


def reordered(image: Image, order: tuple[int, ...], flips: tuple[bool, ...]) -> Image:
    """The same voxels with axes permuted and then flipped; every voxel keeps its world position."""
    voxels = image.voxels.transpose(order)[tuple(slice(None, None, -1 if f else 1) for f in flips)]
    step = np.zeros_like(image.frame.affine)
    step[-1, -1] = 1
    for new, (old, flip) in enumerate(zip(order, flips, strict=True)):
        step[old, new] = -1 if flip else 1
        step[old, -1] = image.frame.shape[old] - 1 if flip else 0
    return Image(ImageFrame(voxels.shape, image.frame.affine @ step, image.frame.unit), np.ascontiguousarray(voxels))


def oblique(image: Image, degrees: tuple[float, ...] = (20.0, -15.0, 10.0)) -> Image:
    """A cubic resampling onto turned axes around the same centre, large enough to hold the whole scan."""
    from scipy.ndimage import affine_transform
    from scipy.spatial.transform import Rotation

    frame = image.frame
    turn = Rotation.from_euler("xyz", degrees, degrees=True).as_matrix()
    shape = tuple(int(np.ceil(np.linalg.norm(frame.shape))) for _ in frame.shape)
    affine = np.eye(frame.dims + 1)
    affine[:-1, :-1] = turn @ frame.affine[:-1, :-1]
    centre = frame.voxel_to_world((np.array(frame.shape) - 1)[None] / 2)[0]
    affine[:-1, -1] = centre - affine[:-1, :-1] @ (np.array(shape) - 1) / 2
    step = np.linalg.solve(frame.affine, affine)
    low = float(image.voxels.min())
    voxels = affine_transform(
        image.voxels.astype(np.float32), step[:-1, :-1], step[:-1, -1], shape, order=3, mode="constant", cval=low
    )
    return Image(ImageFrame(shape, affine, frame.unit), voxels)


def positions(answers: dict[str, Answer]) -> np.ndarray:
    """Answers, or where the program would have put the landmark had it believed."""
    return np.array([a.position or a.guess for a in answers.values()])


def main(model: Path, scan: Path, folder: Path) -> None:
    image = read_image(scan)
    axes = range(image.frame.dims)
    for order in itertools.permutations(axes):
        for flips in itertools.product((False, True), repeat=len(axes)):
            name = "".join(map(str, order)) + "".join("+-"[f] for f in flips)
            write_nifti(reordered(image, order, flips), folder / "copies" / f"{name}.nii.gz")
    write_nifti(oblique(image), folder / "oblique" / "oblique.nii.gz")
    copies = predict(model, folder / "answers", [folder / "copies"]).cases
    turned = predict(model, folder / "answers_oblique", [folder / "oblique"]).cases["oblique"]
    first = positions(copies["012+++" if len(axes) == 3 else next(iter(copies))])
    apart = max(np.linalg.norm(positions(c) - first, axis=1).max() for c in copies.values())
    tilted = np.linalg.norm(positions(turned) - first, axis=1)
    print(f"{len(copies)} axis orders and flips: answers differ by at most {apart:.6f} {image.frame.unit}")
    print(
        f"oblique copy: differ by {tilted.mean():.3f} on average, {tilted.max():.3f} at most; "
        f"half a voxel is {image.frame.spacing.max() / 2:.3f} {image.frame.unit}"
    )


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as temporary:
        main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]) if len(sys.argv) > 3 else Path(temporary))
