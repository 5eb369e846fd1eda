"""Four chambers with their walls, valves and appendages, in heart mm (origin: middle of the aortic annulus)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from pipeline.phantoms.contrast import Contrast
from pipeline.phantoms.curves import spline
from pipeline.phantoms.render import Layer
from pipeline.phantoms.root import Root
from pipeline.phantoms.shapes import Common, Ellipsoid, Grown, HalfSpace, Shape, Tube, Union

LV_AXIS = np.array([0.66, -0.42, -0.62])
RV_AXIS = np.array([0.76, -0.28, -0.58])


@dataclass(frozen=True, eq=False)
class Chambers:
    """The blood in each chamber, and the muscle around the left ventricle."""

    lv: Shape
    lv_muscle: Shape
    outflow: Shape
    rv: Shape
    ra: Shape
    la: Shape
    valves: Shape
    papillary: Shape

    @property
    def surface(self) -> Shape:
        """The outside of the heart, on which the coronary arteries lie."""
        return Union((self.lv_muscle, Grown(self.rv, 3.5), Grown(self.ra, 2), Grown(self.la, 2)), 6.0)

    def walls(self, contrast: Contrast) -> list[Layer]:
        """Muscle, to paint before any blood."""
        muscle = contrast.muscle
        return [
            Layer(Grown(self.la, 2.0), muscle.level, "heart"),
            Layer(Grown(self.ra, 2.0), muscle.level, "heart"),
            Layer(Grown(self.rv, 3.5), muscle, "heart"),
            Layer(Union((self.lv_muscle, Grown(self.outflow, 2.5))), muscle, "heart"),
        ]

    def blood(self, contrast: Contrast) -> list[Layer]:
        """Blood, and what stands in it."""
        return [
            Layer(self.rv, contrast.right, "heart"),
            Layer(self.ra, contrast.right_atrium, "heart"),
            Layer(self.la, contrast.left_atrium, "heart"),
            Layer(Union((self.lv, self.outflow)), contrast.left, "heart"),
            Layer(self.papillary, contrast.muscle.level, "heart"),
            Layer(self.valves, 130.0, "heart"),
        ]


def draw_chambers(rng: np.random.Generator, root: Root) -> Chambers:
    """Chambers of one patient: places, sizes and wall thickness vary by about a tenth."""
    lv_frame, rv_frame = _axes(LV_AXIS), _axes(RV_AXIS)
    lv_centre = np.array([36.0, -7, -38]) + rng.normal(0, 1.5, 3)
    lv_semi = np.array([40.0, 22, 22]) * rng.uniform(0.9, 1.1, 3)
    thick = rng.uniform(8, 11)
    muscle = Ellipsoid(lv_centre, lv_semi + np.array([0.9, 1, 1]) * thick, lv_frame)
    rv_body = Ellipsoid(_near(rng, [2, -33, -41]), np.array([44.0, 23, 31]) * rng.uniform(0.92, 1.06, 3), rv_frame)
    infundibulum = Tube(np.array([[-4.0, -36, -26], [8, -37, -12], [15, -34, 2]]), np.array([17.0, 15, 13.5]))
    rv = Common((Union((rv_body, infundibulum), 5.0), _Outside(muscle)))
    ra_body = Ellipsoid(_near(rng, [-41, 2, -28]), np.array([23.0, 26, 29]) * rng.uniform(0.92, 1.06, 3))
    ra_ear = Tube(np.array([[-38.0, -12, -10], [-33, -21, 2], [-24, -26, 8]]), np.array([11.0, 9.5, 5]))
    tricuspid = Tube(np.array([[-36.0, -6, -34], [-14, -20, -40]]), np.array([15.0, 15]))
    la_body = Ellipsoid(_near(rng, [9, 39, 6]), np.array([32.0, 17.5, 29]) * rng.uniform(0.92, 1.06, 3))
    ear = spline(np.array([[30.0, 28, 14], [42, 19, 16], [44, 6, 15], [40, -3, 11]]), 3)
    la_ear = Tube(ear, np.linspace(9, 4.5, len(ear)))
    mitral = Tube(np.array([[13.0, 31, 0], [24, 8, -24]]), np.array([14.0, 13.5]))
    return Chambers(
        lv=Union((Ellipsoid(lv_centre, lv_semi, lv_frame), mitral)),
        lv_muscle=Union((muscle, Grown(Tube(mitral.knots[1:].repeat(2, 0), np.array([13.5, 13.5])), 3)), 4.0),
        outflow=Tube(
            np.stack([root.axes[:, 2] * -1, np.array([9.0, 4, -15]), np.array([20.0, 0, -24])]),
            np.array([root.annulus, 11.5, 13]),
        ),
        rv=rv,
        ra=Union((ra_body, ra_ear, tricuspid), 4.0),
        la=Union((la_body, la_ear), 3.0),
        valves=Union((_flaps(mitral, 13, rng), _flaps(tricuspid, 14, rng))),
        papillary=_papillary(lv_centre, lv_frame, lv_semi),
    )


@dataclass(frozen=True, eq=False)
class _Outside:
    shape: Shape

    def distance(self, points: Float[np.ndarray, "D N"]) -> Float[np.ndarray, " N"]:
        return -self.shape.distance(points)


def _near(rng: np.random.Generator, place: list[float]) -> np.ndarray:
    return np.array(place, np.float64) + rng.normal(0, 1.5, 3)


def _axes(first: np.ndarray) -> np.ndarray:
    """Columns: `first`, and two directions across it, the second one as upright as can be."""
    along = first / np.linalg.norm(first)
    upright = np.array([0.0, 0, 1]) - along * along[2]
    upright /= np.linalg.norm(upright)
    return np.stack([along, np.cross(upright, along), upright], axis=1)


def _flaps(orifice: Tube, radius: float, rng: np.random.Generator) -> Shape:
    """Two thin flaps across an orifice that meet downstream, as a closed valve in a long-axis view."""
    along = orifice.knots[1] - orifice.knots[0]
    frame = _axes(along)
    middle = orifice.knots[0] + along * rng.uniform(0.35, 0.5)
    tips = middle + frame[:, 0] * 7
    return Union(tuple(_flap(tips, middle, frame, side, radius) for side in (-1.0, 1.0)))


def _flap(tips: np.ndarray, middle: np.ndarray, frame: np.ndarray, side: float, radius: float) -> Shape:
    across = frame[:, 2] * side
    hinge = middle + across * radius
    along = tips - hinge
    normal = np.cross(along, frame[:, 1])
    plate = Ellipsoid(
        (tips + hinge) / 2,
        np.array([np.linalg.norm(along) / 2 + 1, radius, 1.1]),
        np.stack([along / np.linalg.norm(along), frame[:, 1], normal / np.linalg.norm(normal)], axis=1),
    )
    return Common((plate, HalfSpace(tips - across * 0.5, -across)))


def _papillary(centre: np.ndarray, frame: np.ndarray, semi: np.ndarray) -> Shape:
    spots = [(0.25, 0.62, 0.35), (0.25, -0.45, -0.55)]
    places = [centre + frame @ (semi * np.array(s)) for s in spots]
    return Union(tuple(Ellipsoid(p, np.array([13.0, 4.2, 4.2]), frame) for p in places))
