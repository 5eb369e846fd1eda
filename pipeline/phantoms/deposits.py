"""What makes real scans hard: calcium, stents, pacemaker leads. Heart mm."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from pipeline.phantoms.coronaries import Coronaries
from pipeline.phantoms.curves import arc_length, spline
from pipeline.phantoms.pose import turn
from pipeline.phantoms.render import Layer
from pipeline.phantoms.root import SINUSES, Root
from pipeline.phantoms.shapes import Common, Ellipsoid, HalfSpace, Shape, Shell, Tube, Union

METAL = 3000.0


@dataclass(frozen=True, eq=False)
class Deposits:
    """Layers to paint last, and what they are."""

    layers: list[Layer]
    notes: dict[str, int] = field(default_factory=dict)


def draw_deposits(rng: np.random.Generator, root: Root, arteries: Coronaries) -> Deposits:
    """Calcium in about half of the cases, a stent in a tenth, a pacemaker lead in a twentieth."""
    layers: list[Layer] = []
    plaques = int(rng.choice([0, 2, 5, 12], p=[0.5, 0.2, 0.18, 0.12]))
    layers += [_plaque(rng, arteries) for _ in range(plaques)]
    valve = int(rng.choice([0, 2, 5], p=[0.75, 0.15, 0.1]))
    layers += [_valve_calcium(rng, root) for _ in range(valve)]
    stents = int(rng.random() < 0.1)
    layers += [Layer(_stent(rng, arteries), 1100.0, "heart") for _ in range(stents)]
    leads = int(rng.random() < 0.05)
    layers += [_lead(rng) for _ in range(leads)]
    return Deposits(layers, {"plaques": plaques, "valve_calcium": valve, "stents": stents, "leads": leads})


def _plaque(rng: np.random.Generator, arteries: Coronaries) -> Layer:
    """A calcified plaque in the wall of an artery, seldom right at its start."""
    trunk = arteries.trunks[str(rng.choice(sorted(arteries.trunks)))]
    k = int(rng.integers(3, max(4, int(0.7 * len(trunk.knots)))))
    off = rng.normal(0, 1, 3)
    off *= trunk.widths[k] / np.linalg.norm(off)
    blob = Ellipsoid(trunk.knots[k] + off, rng.uniform(0.6, 1.7, 3), turn(rng, 60))
    return Layer(blob, float(rng.uniform(600, 1300)), "heart")


def _valve_calcium(rng: np.random.Generator, root: Root) -> Layer:
    """A lump where a leaflet is fixed to the wall, or on the wall of the root."""
    angle = root.middle(str(rng.choice(SINUSES))) + rng.normal(0, 0.5)
    place = root.at(angle, rng.uniform(0.5, root.junction_height + 1), beyond=rng.uniform(-1.5, 0.5))
    return Layer(Ellipsoid(place, rng.uniform(0.7, 2.2, 3), turn(rng, 60)), float(rng.uniform(600, 1300)), "heart")


def _stent(rng: np.random.Generator, arteries: Coronaries) -> Shape:
    """A thin bright sleeve, 12 to 25 mm long, in the first half of a large artery."""
    trunk = arteries.trunks[str(rng.choice(["rca", "lad", "lcx"]))]
    length = arc_length(trunk.knots)
    first = rng.uniform(6, 0.4 * length[-1])
    inside = np.flatnonzero((length >= first) & (length <= first + rng.uniform(12, 25)))
    sleeve = Tube(trunk.knots[inside], trunk.widths[inside])
    ends = [
        (trunk.knots[inside[0]], trunk.knots[inside[0]] - trunk.knots[inside[1]]),
        (trunk.knots[inside[-1]], trunk.knots[inside[-1]] - trunk.knots[inside[-2]]),
    ]
    return Common((Shell(sleeve, 0.35), *(HalfSpace(p, n) for p, n in ends)))


def _lead(rng: np.random.Generator) -> Layer:
    """A pacemaker lead through the upper cava and the right atrium to the apex of the right ventricle."""
    way = np.array([[-36.0, 16, 105], [-34, 11, 50], [-36, 6, 5], [-30, -6, -32], [-8, -20, -46], [24, -42, -62]])
    knots = spline(way + rng.normal(0, 1.5, way.shape), 3.0)
    return Layer(Union((Tube(knots, np.full(len(knots), 1.0)), Tube(knots[-3:], np.full(3, 1.5)))), METAL, "heart")
