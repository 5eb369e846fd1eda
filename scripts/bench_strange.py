"""Scans that are not what a model was taught: how much is called found, and how far off is it?

Run:  python scripts/bench_strange.py RUN [--cases 6] [--part test]

Each case of the part is changed in one way at a time: turned, mirrored, without contrast, with another scale of values
or another voxel size in its header, shuffled, or noise in its place. A landmark moves with what it marks; where nothing
is left to mark, whatever is found is wrong.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from pipeline.data.dataset import Case, read_dataset
from pipeline.data.image import Image
from pipeline.data.readers import read_image
from pipeline.data.write_nifti import write_nifti
from pipeline.geometry import ImageFrame
from pipeline.stages.predict import predict

WRONG = 10.0  # mm
Change = Callable[[Image, np.ndarray], tuple[Image, np.ndarray | None]]  # also moves (K, D) voxels; None = none is left


def valued(change: Callable[[np.ndarray], np.ndarray]) -> Change:
    """Other values at the same places."""
    return lambda image, points: (Image(image.frame, change(image.voxels)), points)


def nothing(change: Callable[[np.ndarray], np.ndarray]) -> Change:
    """Values that show no landmark."""
    return lambda image, points: (Image(image.frame, change(image.voxels)), None)


def mirrored(axis: int) -> Change:
    """The other way round along one axis, in a header that does not say so."""

    def change(image: Image, points: np.ndarray) -> tuple[Image, np.ndarray]:
        moved = points.copy()
        moved[:, axis] = image.frame.shape[axis] - 1 - points[:, axis]
        return Image(image.frame, np.flip(image.voxels, axis).copy()), moved

    return change


def turned(image: Image, points: np.ndarray) -> tuple[Image, np.ndarray]:
    """A quarter turn in the plane of the first two axes, in a header that does not say so."""
    voxels, moved = np.rot90(image.voxels, 1, (0, 1)).copy(), points.copy()
    moved[:, 0], moved[:, 1] = image.frame.shape[1] - 1 - points[:, 1], points[:, 0]
    return Image(ImageFrame(voxels.shape, image.frame.affine, image.frame.unit), voxels), moved


def sized(times: float) -> Change:
    """A header that says another voxel size."""

    def change(image: Image, points: np.ndarray) -> tuple[Image, np.ndarray]:
        affine = image.frame.affine.copy()
        affine[:-1, :-1] *= times
        return Image(ImageFrame(image.frame.shape, affine, image.frame.unit), image.voxels), points

    return change


def changes(seed: int) -> dict[str, Change]:
    rng = np.random.default_rng(seed)
    return {
        "as it is": valued(lambda v: v),
        "values 1024 higher": valued(lambda v: (v + 1024).astype(np.int16)),
        "noise of 300 added": valued(lambda v: (v + rng.normal(0, 300, v.shape)).clip(-1024, 3071).astype(np.int16)),
        "all above 150 made 60 (no contrast)": valued(lambda v: np.where(v > 150, 60, v).astype(np.int16)),
        "values inverted": valued(lambda v: (-v.astype(np.int32)).astype(np.int16)),
        "mirrored along x": mirrored(0),
        "mirrored along y": mirrored(1),
        "mirrored along z": mirrored(2),
        "a quarter turn about z": turned,
        "header says half the voxel size": sized(0.5),
        "header says 1.5 times the voxel size": sized(1.5),
        "slices shuffled": nothing(lambda v: v[..., rng.permutation(v.shape[-1])]),
        "noise alone": nothing(lambda v: rng.normal(v.mean(), v.std(), v.shape).astype(np.int16)),
    }


def measured(run: Path, cases: list[Case], names: tuple[str, ...], change: Change) -> tuple[int, int, list[float]]:
    """(found, asked, errors of what was found; infinite where nothing is left to find), landmarks that are there."""
    root, truths = read_dataset(run / "dataset.json"), dict[str, dict[str, np.ndarray | None]]()
    with tempfile.TemporaryDirectory() as folder:
        for case in cases:
            there = [name for name in names if case.landmarks.get(name) is not None]
            image = read_image(root.image_path(case))
            image, moved = change(image, image.frame.world_to_voxel(np.array([case.landmarks[n] for n in there])))
            world = [None] * len(there) if moved is None else image.frame.voxel_to_world(moved)
            truths[case.id] = dict(zip(there, world, strict=True))
            write_nifti(image, Path(folder) / "scans" / f"{case.id}.nii.gz")
        said = predict(run / "model", Path(folder) / "answers", [Path(folder) / "scans"]).cases
    asked = [(said[c][name], world) for c, truth in truths.items() if c in said for name, world in truth.items()]
    found = [(a.position, world) for a, world in asked if a.found and a.position is not None]
    return len(found), len(asked), [np.inf if w is None else float(np.linalg.norm(w - p)) for p, w in found]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--cases", type=int, default=6)
    parser.add_argument("--part", choices=("validation", "test"), default="test")
    wanted = parser.parse_args()
    data = read_dataset(wanted.run / "dataset.json")
    cases = list(data.part(wanted.part)[: wanted.cases])
    print(f"| scan | found | median error, {data.unit} | beyond {WRONG:g} {data.unit} |\n|---|---|---|---|")
    for name, change in changes(0).items():
        found, asked, errors = measured(wanted.run, cases, data.landmarks, change)
        near = [e for e in errors if np.isfinite(e)]
        middle = f"{np.median(near):.2f}" if near else "-"
        print(f"| {name} | {found} of {asked} | {middle} | {sum(e > WRONG for e in errors)} |", flush=True)


if __name__ == "__main__":
    main()
