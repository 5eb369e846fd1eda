"""Draw docs/images/phantom.png: one phantom in three planes through the aortic root, and its landmarks close up.

Run: python scripts/draw_phantom.py [--seed 10] [--out docs/images/phantom.png]
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from scipy.ndimage import map_coordinates

sys.path.insert(0, str(Path(__file__).parents[1]))
from pipeline.phantoms.cta import LANDMARKS, draw_patient, simulate_cta
from pipeline.phantoms.phantom import Phantom, PhantomSize

LEFT, POSTERIOR, SUPERIOR = np.eye(3)
COLOURS = dict(zip(LANDMARKS, ("#ff5c5c", "#ffd23f", "#ff9f1c", "#4cc9f0", "#80ed99", "#d0a2f7"), strict=True))
WINDOW = (-220, 720)  # HU, a usual window for coronary CT
PIXELS = 420


@dataclass(frozen=True, eq=False)
class Plane:
    """A square picture plane: `right` and `down` are unit world directions, `half` its half edge in mm."""

    title: str
    centre: Float[np.ndarray, " 3"]
    right: Float[np.ndarray, " 3"]
    down: Float[np.ndarray, " 3"]
    half: float
    near: float

    def picture(self, phantom: Phantom) -> Float[np.ndarray, "P P"]:
        steps = np.linspace(-self.half, self.half, PIXELS)
        world = self.centre + steps[:, None, None] * self.down + steps[None, :, None] * self.right
        voxel = phantom.frame.world_to_voxel(world.reshape(-1, 3)).T
        values = map_coordinates(phantom.voxels.astype(np.float32), voxel, order=1, cval=-1024)
        return values.reshape(PIXELS, PIXELS)

    def draw(self, axes: Axes, phantom: Phantom, named: bool) -> None:
        edge = (-self.half, self.half, self.half, -self.half)
        axes.imshow(self.picture(phantom), cmap="gray", vmin=WINDOW[0], vmax=WINDOW[1], extent=edge)
        for name, position in phantom.landmarks.items():
            offset = np.array(position) - self.centre
            away = abs(offset @ np.cross(self.right, self.down))
            place = offset @ self.right, offset @ self.down
            if away > self.near or max(map(abs, place)) > 0.95 * self.half:
                continue
            axes.plot(*place, "o", ms=10, mfc="none", mec=COLOURS[name], mew=2)
            if named:
                self._name(axes, name, place)
        axes.set_xlim(edge[:2])
        axes.set_ylim(edge[2:])
        axes.set_title(self.title, fontsize=15)
        axes.set_axis_off()

    def _name(self, axes: Axes, name: str, place: tuple[float, float]) -> None:
        side = 1 if 0 <= place[0] < 0.6 * self.half else -1
        text = axes.annotate(
            name.replace("_", "\n"),
            place,
            (side * 10, 0),
            textcoords="offset points",
            color=COLOURS[name],
            fontsize=13,
            ha="left" if side > 0 else "right",
            va="center",
        )
        text.set_path_effects([withStroke(linewidth=3, foreground="black")])


def planes(phantom: Phantom, root_axes: Float[np.ndarray, "3 3"]) -> list[Plane]:
    """Three planes of the body through the root, then the valve, the left main artery and the right ostium."""
    at = {n: np.array(p) for n, p in phantom.landmarks.items() if p is not None}
    valve = np.mean([at[n] for n in LANDMARKS if "commissure" in n], axis=0)
    across, back, up = root_axes.T
    trunk = unit(at["lm_bifurcation"] - at["left_ostium"])
    trunk_down = unit(POSTERIOR - trunk * (trunk @ POSTERIOR))
    outward = at["right_ostium"] - valve
    right = unit(outward - up * (outward @ up))
    return [
        Plane("axial", at["left_ostium"], LEFT, POSTERIOR, 75, 4),
        Plane("coronal", at["left_ostium"] - 2 * POSTERIOR, LEFT, -SUPERIOR, 50, 4),
        Plane("sagittal", valve, POSTERIOR, -SUPERIOR, 50, 4),
        Plane("across the valve, below the commissures", valve - 4 * up, across, back, 27, 5.5),
        Plane("along the left main artery", (at["left_ostium"] + at["lm_bifurcation"]) / 2, trunk, trunk_down, 27, 1.5),
        Plane("along the root, through the right ostium", at["right_ostium"] - 12 * right, -right, -up, 27, 1.5),
    ]


def unit(vector: Float[np.ndarray, " 3"]) -> Float[np.ndarray, " 3"]:
    return vector / np.linalg.norm(vector)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=10)
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "docs/images/phantom.png")
    wanted = parser.parse_args()
    phantom, patient = simulate_cta(wanted.seed, PhantomSize(200, 0.45)), draw_patient(wanted.seed)
    if phantom.description["absent"]:
        sys.exit(f"seed {wanted.seed}: {phantom.description['absent']} absent; choose another seed.")
    figure, grid = plt.subplots(2, 3, figsize=(15, 10.5), facecolor="white")
    for k, (axes, plane) in enumerate(
        zip(grid.flat, planes(phantom, patient.heart.axes @ patient.root.axes), strict=True)
    ):
        plane.draw(axes, phantom, named=k > 2)
    figure.subplots_adjust(0.005, 0.005, 0.995, 0.965, wspace=0.02, hspace=0.1)
    wanted.out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(wanted.out, dpi=60, pil_kwargs={"optimize": True})
    print(wanted.out)


if __name__ == "__main__":
    main()
