"""How prepared arrays are called: after what each was made of, so that another scan or setting makes another file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from pipeline.data.atomic import fingerprint
from pipeline.data.intensity import Normalisation
from pipeline.data.store import Spacing

RECIPE = 8  # raise when resampling or normalising changes, so that old arrays are not found again
EARLIER = (7,)  # a run that learned from arrays of these goes on with them


def array_keys(
    sha256: str, spacings: Sequence[Spacing], normalisation: Normalisation, recipe: int = RECIPE
) -> tuple[str, ...]:
    """The key of a scan's array of each level; `sha256` is that of the scan."""
    made_of = [sha256, asdict(normalisation), recipe]
    return tuple(fingerprint([*made_of, spacing])[:24] for spacing in spacings)
