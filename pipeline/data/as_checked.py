"""Whether what was prepared is what `check` let through: either may have been made anew since, without the other."""

from __future__ import annotations

from pipeline.data.array_keys import EARLIER, RECIPE, array_keys
from pipeline.data.csv_rows import some
from pipeline.data.dataset import Dataset
from pipeline.data.findings import Findings
from pipeline.data.store import PreparedStore
from pipeline.errors import ConfigError


def require_as_checked(store: PreparedStore, data: Dataset, found: Findings) -> None:
    """Refuse prepared arrays of cases that check left out, of fewer than it let through, or of other scans.

    Raises:
        ConfigError: Names the cases, and says to prepare them again.
    """
    out = set(found.quarantined)
    ids = [case.id for case in data.with_pictures().cases]
    usable = [name for name in ids if name not in out]
    prepared = [name for name in usable if name in store.keys]
    differing = {
        "prepared, but left out by check": [name for name in ids if name in out and name in store.keys],
        "not prepared": [name for name in usable if name not in store.keys],
        "prepared from another scan": [n for n in prepared if n in found.facts and not _is_of_scan(store, n, found)],
    }
    if listed := "".join(f"\n  {how}: {some(names)}" for how, names in differing.items() if names):
        raise ConfigError(
            f"{store.folder / 'index.json'}: holds other cases than check let through since:{listed}\n"
            "Run preprocess again; arrays that are right are kept."
        )


def _is_of_scan(store: PreparedStore, case: str, found: Findings) -> bool:
    made_of = found.facts[case]["sha256"], store.spacings, store.normalisation
    return any(store.keys[case] == array_keys(*made_of, recipe) for recipe in (RECIPE, *EARLIER))
