"""Cardiac CT angiograms whose six landmarks are known exactly.

Where each landmark lies, in words:

- right_ostium, left_ostium: where the middle line of the right (left main) coronary artery crosses the wall of the
  aortic lumen.
- lm_bifurcation: where the middle lines of LAD and LCX leave the end of the middle line of the left main.
- left_commissure, noncoronary_commissure, right_commissure: the highest point of the line along which two neighbouring
  leaflets are fixed to the wall of the lumen. Left: left and right sinus; non-coronary: non-coronary and
  left sinus; right: right and non-coronary sinus. (Each is where its own sinus begins, counted from above
  against the clock as the patient's image is shown.)

Anomaly: without a left main, LAD and LCX leave the left sinus apart. Then left_ostium is the ostium of the LAD,
lm_bifurcation is absent. A landmark outside the frame is absent too.

Every number is drawn from the seed, by part, so the anatomy does not change with the size that is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from pipeline.geometry import ImageFrame
from pipeline.phantoms.body import body_layers
from pipeline.phantoms.chambers import Chambers, draw_chambers
from pipeline.phantoms.contrast import Contrast, draw_contrast
from pipeline.phantoms.coronaries import Coronaries, draw_coronaries
from pipeline.phantoms.deposits import Deposits, draw_deposits
from pipeline.phantoms.leaflets import Leaflets, draw_leaflets
from pipeline.phantoms.motion import draw_ghosts, draw_slabs
from pipeline.phantoms.phantom import Phantom, PhantomSize, stream
from pipeline.phantoms.physics import acquire, draw_physics
from pipeline.phantoms.pose import Space, turn
from pipeline.phantoms.render import Layer, render
from pipeline.phantoms.root import COMMISSURES, Root, draw_root
from pipeline.phantoms.scan import draw_scan
from pipeline.phantoms.shapes import Ellipsoid, Grown, Union
from pipeline.phantoms.vessels import Vessels, draw_vessels

LANDMARKS = (
    "right_ostium",
    "left_ostium",
    "lm_bifurcation",
    "right_commissure",
    "noncoronary_commissure",
    "left_commissure",
)
ANOMALY = 0.05  # share of the cases without a left main artery
AIR = -1000.0


@dataclass(frozen=True, eq=False)
class Patient:
    """Everything about one patient that does not depend on the scan."""

    body: Space
    heart: Space
    root: Root
    leaflets: Leaflets
    chambers: Chambers
    vessels: Vessels
    arteries: Coronaries
    deposits: Deposits
    anomaly: bool

    def landmarks(self) -> dict[str, Float[np.ndarray, " 3"] | None]:
        """Heart positions by name, in the order of LANDMARKS; None where there is no such place."""
        places = dict(self.arteries.landmarks)
        for name, angle in zip(COMMISSURES, self.root.commissures, strict=True):
            places[name] = self.root.at(angle, self.root.commissure_height)
        return {name: places[name] for name in LANDMARKS}


def simulate_cta(seed: int, size: PhantomSize | None = None, scan: int = 1) -> Phantom:
    """Draw one patient and one scan of them.

    Args:
        seed: All that a patient depends on.
        size: Field of view and voxel size; None as a scanner would (150 to 200 mm, 0.35 to 0.5 mm).
        scan: Which scan of the patient; each has its own pose, breath, contrast, field of view and noise.

    Returns:
        The scan, HU, with its landmarks.
    """

    def own(part: str) -> np.random.Generator:
        return stream(seed, part, scan)

    patient, contrast = draw_patient(seed, scan), draw_contrast(own("contrast"))
    places = patient.landmarks()
    world = {n: patient.heart.to_world(p[None])[0] for n, p in places.items() if p is not None}
    taken = draw_scan(own("scan"), size or PhantomSize(), patient.heart.origin, np.array(list(world.values())))
    slabs = draw_slabs(own("slabs"), taken.frame, taken.slice_axis, np.array(list(world.values())))
    heart = Space(patient.heart.origin, patient.heart.axes, patient.heart.scale, slabs)
    ghosts = draw_ghosts(own("motion"))
    layers = body_layers(stream(seed, "body")) + heart_layers(patient, contrast, ghosts)
    slack = float(np.linalg.norm(slabs.shifts, axis=1).max()) if slabs else 0.0
    truth = render(taken.frame, layers, {"body": patient.body, "heart": heart}, AIR, slack)
    physics = draw_physics(own("physics"), taken.frame.dims, taken.slice_axis)
    voxels = acquire(own("noise"), truth, physics)
    landmarks = {n: None if p is None else _seen(taken.frame, heart.to_world(p[None])) for n, p in places.items()}
    notes: dict[str, Any] = {
        "seed": seed,
        "anomaly": patient.anomaly,
        **taken.notes,
        **patient.deposits.notes,
        "contrast": contrast.as_dict(),
        "noise": round(physics.noise, 1),
        "motion": bool(ghosts),
        "slabs": 0 if slabs is None else len(slabs.shifts),
        "absent": [n for n, p in landmarks.items() if p is None],
    }
    return Phantom(taken.frame, voxels, landmarks, notes)


def draw_patient(seed: int, scan: int = 1) -> Patient:
    """Anatomy of one patient, and its place in one scan."""
    rng = stream(seed, "pose")
    body = Space(rng.uniform(-150, 150, 3), turn(rng, 4), float(rng.uniform(0.92, 1.08)))
    inner = Space(rng.normal(0, [4, 3, 5]), turn(rng, 9), float(rng.uniform(0.88, 1.1)))
    if scan > 1:  # they lie down anew, and hold another breath
        again = stream(seed, "pose", scan)
        body = Space(again.uniform(-150, 150, 3), turn(again, 4), body.scale)
        inner = Space(inner.origin + again.normal(0, 3, 3), turn(again, 3) @ inner.axes, inner.scale)
    root = draw_root(stream(seed, "root"))
    chambers = draw_chambers(stream(seed, "chambers"), root)
    vessels = draw_vessels(stream(seed, "vessels"), root, inner)
    anomaly = bool(stream(seed, "anomaly").random() < ANOMALY)
    surface = Union((chambers.surface, vessels.surface), 3.0)
    arteries = draw_coronaries(stream(seed, "coronaries"), root, surface, anomaly)
    deposits = draw_deposits(stream(seed, "deposits"), root, arteries)
    leaflets = draw_leaflets(stream(seed, "leaflets"), root)
    return Patient(body, inner.inside(body), root, leaflets, chambers, vessels, arteries, deposits, anomaly)


def heart_layers(patient: Patient, contrast: Contrast, ghosts: dict[str, tuple[tuple[float, ...], ...]]) -> list[Layer]:
    """The heart from its fat inwards; arteries last, each in a sleeve of fat that no chamber closes."""
    arteries, root = patient.arteries, patient.root
    hollow = Ellipsoid(np.array([31.0, 2, 8]), np.array([16.0, 22, 18]))  # no lung between trunk and atrial ear
    fat = Grown(Union((patient.chambers.surface, patient.vessels.surface, Grown(root, 3), hollow), 10.0), 7.0)
    trees = [(arteries.right, ghosts.get("right", ())), (arteries.left, ghosts.get("left", ()))]
    return [
        Layer(fat, -95.0, "heart"),
        *patient.chambers.walls(contrast),
        *patient.vessels.walls(),
        *patient.vessels.blood(contrast),
        *patient.chambers.blood(contrast),
        *(Layer(Grown(tree, 1.3), -80.0, "heart", 1.0, moved) for tree, moved in trees),
        *patient.vessels.aorta(root, patient.chambers.outflow, contrast),
        *(Layer(tree, contrast.aorta * 0.97, "heart", 1.0, moved) for tree, moved in trees),
        Layer(patient.leaflets, 95.0, "heart"),
        *patient.deposits.layers,
    ]


def _seen(frame: ImageFrame, world: np.ndarray) -> tuple[float, ...] | None:
    return tuple(float(c) for c in world[0]) if frame.contains(world)[0] else None
