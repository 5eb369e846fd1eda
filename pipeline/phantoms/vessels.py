"""The great vessels: aorta beyond the root, pulmonary trunk and its branches, veins. Heart mm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from pipeline.phantoms.contrast import Contrast
from pipeline.phantoms.curves import arc_length, spline
from pipeline.phantoms.pose import Space
from pipeline.phantoms.render import Layer
from pipeline.phantoms.root import Root
from pipeline.phantoms.shapes import Grown, Shape, Tube, Union

Way = list[list[float]]

WALL = 65.0  # HU of a vessel wall
PULMONARY_TRUNK: Way = [[15.0, -34, 2], [18, -30, 16], [20, -20, 31], [20, -4, 43], [22, 6, 49]]
RIGHT_PULMONARY: Way = [[20.0, 2, 47], [4, 18, 51], [-20, 23, 51], [-44, 24, 48], [-66, 28, 40]]
LEFT_PULMONARY: Way = [[21.0, 2, 48], [32, 20, 53], [48, 34, 50], [60, 44, 38]]
UPPER_CAVA: Way = [[-36.0, 18, 110], [-35, 12, 70], [-34, 10, 30], [-37, 5, -8]]
LOWER_CAVA: Way = [[-30.0, 30, -130], [-31, 22, -90], [-37, 12, -50]]
PULMONARY_VEINS: list[Way] = [
    [[28.0, 42, 22], [48, 46, 30], [76, 52, 44]],
    [[30.0, 45, 3], [50, 53, -4], [74, 62, -14]],
    [[-12.0, 40, 22], [-36, 40, 26], [-62, 38, 40]],
    [[-12.0, 45, 4], [-38, 54, 0], [-60, 62, -12]],
]
ARCH_IN_BODY: Way = [
    [-14.0, 2, 86],
    [4, 22, 96],
    [19, 46, 88],
    [25, 60, 66],
    [26, 64, 30],
    [24, 65, -10],
    [18, 66, -70],
    [13, 64, -150],
]
ARCH_BRANCHES: list[Way] = [
    [[-10.0, 4, 90], [-20, -4, 130]],
    [[2.0, 18, 98], [8, 10, 135]],
    [[16.0, 40, 92], [22, 34, 135]],
]


@dataclass(frozen=True, eq=False)
class Vessels:
    """Blood in each great vessel."""

    ascending: Shape
    descending: Shape
    pulmonary: Shape
    cava: Shape
    lower_cava: Shape
    veins: Shape

    @property
    def surface(self) -> Shape:
        """What the coronary arteries may not run through."""
        return Grown(self.pulmonary, 1.5)

    def walls(self) -> list[Layer]:
        """Thin walls, to paint before any blood."""
        grown = [
            (self.pulmonary, 1.2),
            (self.cava, 1.0),
            (self.lower_cava, 1.0),
            (self.veins, 1.0),
            (self.descending, 1.6),
        ]
        return [Layer(Grown(shape, by), WALL, "heart") for shape, by in grown]

    def blood(self, contrast: Contrast) -> list[Layer]:
        """Blood of all but the ascending aorta."""
        return [
            Layer(self.veins, contrast.left_atrium, "heart"),
            Layer(self.pulmonary, contrast.pulmonary, "heart"),
            Layer(self.lower_cava, 110.0, "heart"),
            Layer(self.cava, contrast.cava, "heart"),
            Layer(self.descending, contrast.descending, "heart"),
        ]

    def aorta(self, root: Root, outflow: Shape, contrast: Contrast) -> list[Layer]:
        """Root and ascending aorta: their wall stands between them and every chamber."""
        walls = [Layer(Grown(shape, 1.5), WALL, "heart") for shape in (self.ascending, root)]
        return [*walls, Layer(Union((self.ascending, root, outflow)), contrast.aorta, "heart")]


def draw_vessels(rng: np.random.Generator, root: Root, heart_in_body: Space) -> Vessels:
    """Vessels of one patient; the arch and the descending aorta keep their place beside the spine."""
    arch = heart_in_body.to_local(np.array(ARCH_IN_BODY).T).T
    start = root.axes[:, 2]
    ascending = np.stack(
        [
            start * (root.junction_height - 2),
            start * (root.junction_height + 10),
            np.array([-16.0, -10, 48]) + rng.normal(0, 1.5, 3),
            np.array([-17.0, -7, 68]),
            arch[0],
        ]
    )
    whole = spline(np.concatenate([ascending, arch[1:]]), 3.0)
    cut = int(np.argmin(np.linalg.norm(whole - arch[2], axis=1)))
    widest = root.junction + rng.uniform(1.5, 3.5)
    radii = np.interp(arc_length(whole), [0, 25, 90, 140, 260], [root.junction, widest, 13.5, 12, 11])
    branches = [_tube(heart_in_body.to_local(np.array(b).T).T, [5.5, 4.5], rng, 0) for b in ARCH_BRANCHES]
    return Vessels(
        ascending=Union((Tube(whole[: cut + 1], radii[: cut + 1]), *branches)),
        descending=Tube(whole[cut:], radii[cut:]),
        pulmonary=Union(
            (
                _tube(PULMONARY_TRUNK, [13.5, 13.8, 13, 11.5], rng),
                _tube(RIGHT_PULMONARY, [10.5, 10, 8], rng),
                _tube(LEFT_PULMONARY, [10.5, 9.5, 7], rng),
            ),
            3.0,
        ),
        cava=_tube(UPPER_CAVA, [8, 9, 9.5], rng),
        lower_cava=_tube(LOWER_CAVA, [12, 12], rng),
        veins=Union(tuple(_tube(v, [7, 6, 4.5], rng) for v in PULMONARY_VEINS)),
    )


def _tube(
    waypoints: Way | Float[np.ndarray, "M 3"],
    radii: list[float],
    rng: np.random.Generator,
    jitter: float = 1.0,
) -> Tube:
    points = np.asarray(waypoints, np.float64)
    knots = spline(points + rng.normal(0, jitter, points.shape), 3.0)
    share = np.linspace(0, 1, len(knots))
    return Tube(knots, np.interp(share, np.linspace(0, 1, len(radii)), radii) * rng.uniform(0.93, 1.07))
