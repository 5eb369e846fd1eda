"""Right and left coronary arteries, with the three landmarks that they carry. Heart mm."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from pipeline.phantoms.curves import arc_length, evenly, settle, spline
from pipeline.phantoms.root import Root
from pipeline.phantoms.shapes import Grown, Shape, Tube, Union, bundle

Way = list[list[float]]

RCA: Way = [
    [-20.0, -31, 8],
    [-31, -35, -8],
    [-38, -32, -28],
    [-36, -20, -50],
    [-20, 2, -64],
    [2, 14, -62],
    [24, 6, -66],
]
LAD: Way = [[35.0, -22, 6], [40, -36, -12], [48, -46, -32], [60, -46, -54], [70, -38, -72]]
LCX: Way = [[42.0, 22, -4], [54, 30, -18], [58, 30, -36], [52, 26, -54]]
DIAGONAL: Way = [[60.0, -30, -24], [74, -28, -46]]
MARGINAL: Way = [[66.0, 20, -36], [74, 4, -56]]
ACUTE: Way = [[-26.0, -44, -46], [-4, -54, -62]]
CONUS: Way = [[-6.0, -38, 14], [6, -50, 6]]


@dataclass(frozen=True, eq=False)
class Coronaries:
    """The arteries of one patient.

    Args:
        trunks: Tubes by name: rca, lad, lcx and, unless it is missing, lm.
        branches: Side branches.
        landmarks: right_ostium, left_ostium and lm_bifurcation; None if there is no such place.
    """

    trunks: dict[str, Tube]
    branches: tuple[Tube, ...]
    landmarks: dict[str, Float[np.ndarray, " 3"] | None]

    @property
    def right(self) -> Shape:
        return bundle([self.trunks["rca"], *self.branches[2:]], 5.0)

    @property
    def left(self) -> Shape:
        return bundle([*(t for n, t in self.trunks.items() if n != "rca"), *self.branches[:2]], 5.0)


@dataclass(frozen=True)
class TakeOff:
    """Where and which way an artery leaves the aorta: root angle, height, rise (radians), sideways turn (radians)."""

    angle: float
    height: float
    rise: float
    turn: float


def draw_coronaries(rng: np.random.Generator, root: Root, heart: Shape, no_trunk: bool) -> Coronaries:
    """Arteries of one patient.

    Args:
        rng: Random numbers of this part.
        root: The root they leave.
        heart: Chambers and pulmonary artery, on which they lie and which they do not enter.
        no_trunk: Anomaly: LAD and LCX leave the left sinus apart from each other.
    """
    surface = Union((heart, Grown(root, 1.5)), 3.0)
    size = rng.uniform(0.88, 1.12)
    right = TakeOff(
        root.middle("right") + np.deg2rad(rng.normal(-4, 7)), _height(rng, root), rng.normal(0.1, 0.15), -0.35
    )
    rca = _trunk(rng, root, right, RCA, surface, (1.95 * size, 1.15 * size))
    angle, height = root.middle("left") + np.deg2rad(rng.normal(0, 6)), _height(rng, root) - 1
    if no_trunk:
        apart = np.deg2rad(rng.uniform(10, 15))
        lad = _trunk(
            rng,
            root,
            TakeOff(angle - apart, height, 0.1, -0.2),
            [[26.0, -4, 14], *LAD],
            surface,
            (1.9 * size, 0.9 * size),
        )
        lcx = _trunk(
            rng,
            root,
            TakeOff(angle + apart, height - 1, 0, 0.2),
            [[28.0, 12, 8], *LCX],
            surface,
            (1.7 * size, 0.9 * size),
        )
        trunks, bifurcation = {"rca": rca, "lad": lad, "lcx": lcx}, None
        ostium = root.at(angle - apart, height)
    else:
        leave = TakeOff(angle, height, rng.normal(0, 0.12), rng.normal(-0.05, 0.1))
        main = _main(rng, root, leave, 2.35 * size, heart)
        bifurcation, ahead = main.knots[-1], main.knots[-1] - main.knots[-2]
        lad = _fork(rng, bifurcation, ahead, -1, LAD, surface, (1.85 * size, 0.85 * size))
        lcx = _fork(rng, bifurcation, ahead, 1, LCX, surface, (1.65 * size, 0.85 * size))
        trunks, ostium = {"rca": rca, "lm": main, "lad": lad, "lcx": lcx}, root.at(angle, height)
    branches = (
        _branch(rng, lad, 0.3, DIAGONAL, surface),
        _branch(rng, lcx, 0.35, MARGINAL, surface),
        _branch(rng, rca, 0.5, ACUTE, surface),
        _branch(rng, rca, 0.1, CONUS, surface),
    )
    places = {"right_ostium": root.at(right.angle, right.height), "left_ostium": ostium, "lm_bifurcation": bifurcation}
    return Coronaries(trunks, branches, places)


def _height(rng: np.random.Generator, root: Root) -> float:
    """Ostium height: most lie in the upper half of the sinus, some above the junction would be rarer still."""
    return float(root.junction_height * rng.uniform(0.55, 0.86))


def _start(root: Root, leave: TakeOff, length: float) -> np.ndarray:
    """Knots from inside the aorta through the ostium (third of them) to `length` mm outside."""
    ostium = root.at(leave.angle, leave.height)
    way = root.outward(leave.angle + leave.turn, leave.rise)
    return ostium + np.array([-2.0, -1.0, 0.0, 0.5 * length, length])[:, None] * way


def _taper(knots: np.ndarray, radii: tuple[float, float], ostium: int | None) -> np.ndarray:
    """Radii that fall along the vessel; at an ostium it opens like a funnel."""
    length = arc_length(knots)
    radius = radii[0] + (radii[1] - radii[0]) * length / length[-1]
    if ostium is not None:
        radius = radius * (1 + 0.3 * np.exp(-(np.maximum(length - length[ostium], 0) / 1.5)))
    return radius


def _trunk(
    rng: np.random.Generator,
    root: Root,
    leave: TakeOff,
    way: Way,
    surface: Shape,
    radii: tuple[float, float],
) -> Tube:
    first = _start(root, leave, 4.0)
    points = np.concatenate([first[[2, 4]], np.array(way) + rng.normal(0, 1.5, (len(way), 3))])
    curve = settle(spline(points, 1.5), surface, 3.0, hold=3, free=14)
    knots = np.concatenate([first[:2], curve])
    return Tube(knots, _taper(knots, radii, 2))


def _main(rng: np.random.Generator, root: Root, leave: TakeOff, radius: float, heart: Shape) -> Tube:
    """The left main artery: 4 to 16 mm, gently bent; its last knot is the bifurcation.

    It runs in the fat between pulmonary artery and left atrial ear: of a few directions the first that stays clear of
    both is taken, or else the clearest.
    """
    length = float(np.clip(rng.normal(9.5, 3), 4, 16))
    bend = np.array([0.0, rng.normal(-0.12, 0.1), rng.normal(-0.05, 0.08)]) * length
    best, most = np.empty((0, 3)), -np.inf
    for turn in (0.0, 0.2, -0.2, 0.4, -0.4, 0.6, 0.8):
        first = _start(root, replace(leave, turn=leave.turn + turn), 0.6 * length)
        end = first[2] + (first[4] - first[2]) / 0.6 + bend
        knots = np.concatenate([first[:2], spline(np.stack([first[2], first[3], end]), 0.8)])
        clear = float(heart.distance(knots[2:].T).min())
        if clear > most:
            best, most = knots, clear
        if clear >= radius + 2:
            break
    return Tube(best, _taper(best, (radius, 0.93 * radius), 2))


def _fork(
    rng: np.random.Generator,
    start: np.ndarray,
    ahead: np.ndarray,
    side: float,
    way: Way,
    surface: Shape,
    radii: tuple[float, float],
) -> Tube:
    """A daughter of the main artery, turned to the front (side -1) or the back (+1) by 30 to 50 degrees."""
    ahead = ahead / np.linalg.norm(ahead)
    angle = side * np.deg2rad(rng.uniform(28, 50))
    turned = np.array(
        [
            ahead[0] * np.cos(angle) - ahead[1] * np.sin(angle),
            ahead[0] * np.sin(angle) + ahead[1] * np.cos(angle),
            ahead[2] - 0.15 - 0.2 * (side > 0),
        ]
    )
    points = np.concatenate(
        [[start, start + 5 * turned, start + 9 * turned], np.array(way) + rng.normal(0, 1.5, (len(way), 3))]
    )
    knots = settle(spline(points, 1.5), surface, 3.0, hold=2, free=16)
    return Tube(knots, _taper(knots, radii, None))


def _branch(rng: np.random.Generator, parent: Tube, share: float, way: Way, surface: Shape) -> Tube:
    k = int(share * len(parent.knots))
    points = np.concatenate([[parent.knots[k]], np.array(way) + rng.normal(0, 3, (len(way), 3))])
    knots = settle(evenly(spline(points, 2.0), 2.0), surface, 2.5, hold=1, free=6)
    return Tube(knots, np.linspace(0.65 * parent.widths[k], 0.55, len(knots)))
