"""What is known of a CTA phantom beside its landmarks: values that a hospital would have in a table."""

from __future__ import annotations

from pipeline.phantoms.contrast import draw_contrast
from pipeline.phantoms.motion import draw_ghosts
from pipeline.phantoms.phantom import stream

BRIGHT = 330.0  # HU of the right heart above which it hides the right coronary artery
COLUMNS = ("case", "usable", "heart_rate", "bolus_hu")


def cta_facts(seed: int, scan: int = 1) -> tuple[str, str, str]:
    """Whether the contrast phase is usable (the right heart is not too bright), whether the heart was steady or fast
    (its arteries are smeared), and the HU that a test bolus gave in the aorta."""
    contrast = draw_contrast(stream(seed, "contrast", scan))
    usable = "yes" if contrast.right.level < BRIGHT else "no"
    rate = "fast" if draw_ghosts(stream(seed, "motion", scan)) else "steady"
    return usable, rate, f"{contrast.aorta:.0f}"
