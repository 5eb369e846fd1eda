"""What the paper reached on its own scans; other data than ours, so a yardstick and not a comparison.

Source: Noothout et al. 2018, CNN-based Landmark Detection in Cardiac CTA Scans, arXiv 1804.04963.
"""

from __future__ import annotations

from collections.abc import Iterable

SOURCE = "Noothout et al. 2018, arXiv 1804.04963"
LABEL = "paper's, other scans"
MEAN_MM = {
    "right_ostium": 2.19,
    "left_ostium": 2.88,
    "lm_bifurcation": 3.78,
    "right_commissure": 1.82,
    "noncoronary_commissure": 2.10,
    "left_commissure": 1.89,
}


def paper_errors(landmarks: Iterable[str], unit: str = "mm") -> dict[str, float] | None:
    """The paper's mean error of the landmarks that it has too; None if there are none."""
    shared = {name: MEAN_MM[name] for name in landmarks if name in MEAN_MM and unit == "mm"}
    return shared or None
