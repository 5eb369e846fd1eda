"""preprocess: from the scans of a dataset to normalised arrays of every level."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Literal

import numpy as np

from pipeline.data.array_keys import EARLIER, RECIPE, array_keys
from pipeline.data.atomic import fingerprint, sweep
from pipeline.data.dataset import Dataset, read_dataset
from pipeline.data.derive import derive_spacings
from pipeline.data.findings import Findings, read_findings
from pipeline.data.intensity import Normalisation, derive_normalisation
from pipeline.data.pool import LostJob, run_each
from pipeline.data.progress_bar import progress_bar
from pipeline.data.room import require_disk
from pipeline.data.scan_facts import Facts, require_same
from pipeline.data.store import PreparedStore, Spacing, is_whole, make_level, read_store, save_array
from pipeline.errors import ConfigError, DataError, PatchvoteError, UnwritableError
from pipeline.training.identity import arrays_made_of

LOOKS = 10  # more than anybody gives the finest level


def preprocess(
    dataset: Path,
    findings: Path,
    out: Path,
    spacings: Sequence[float | Literal["original"]] | None = None,
    normalisation: Normalisation | None = None,
    workers: int = 2,
    whole: bool = False,
) -> PreparedStore:
    """Write `out/index.json` and one array a case and level; arrays that are there and whole are kept.

    Args:
        dataset: `dataset.json`.
        findings: `findings.json` of check; its quarantined cases are left out.
        out: Folder of the prepared store.
        spacings: Voxel sizes from coarse to fine in world units, "original" = each scan's own; None = derived
            from those of the training part, where there is one; test cases take no part in any choice.
        normalisation: None = derived: a window for Hounsfield units, else percentiles of each scan.
        workers: Processes.
        whole: Nothing is looked at more closely: of derived voxel sizes only the coarsest is made.

    Raises:
        DataError: No case is left, or a case cannot be prepared; names it.
        ConfigError: A voxel size behind "original" is coarser than the scans' own.
    """
    data, found = read_dataset(dataset).with_pictures(), read_findings(findings)
    cases = [c for c in data.cases if c.id not in found.quarantined]
    if not cases:
        raise DataError(f"{dataset}: all {len(data.cases)} cases are quarantined; see {findings}")
    unseen = [c.id for c in cases if c.id not in found.facts]
    if unseen:
        raise DataError(f"{findings}: nothing about the cases {unseen} of {dataset}; run check again")
    learning = [c for c in cases if c.split == "train"] or cases  # the others take no part in any choice
    _require_finer(spacings or (), [max(found.facts[c.id]["spacing"]) for c in learning])
    plans = []
    recipes = (RECIPE, *(EARLIER if _is_learned(Path(out).parent) else ()))
    for recipe, looked_at in product(recipes, (learning, cases)):
        facts = [found.facts[c.id] for c in looked_at]
        levels, grey = _levels(facts, spacings, whole), normalisation or _grey(facts)
        keys = {c.id: array_keys(found.facts[c.id]["sha256"], levels, grey, recipe) for c in cases}
        plans.append(PreparedStore(Path(out), data.unit, levels, grey, keys))
    taught = arrays_made_of(Path(out).parent)
    store = next((plan for plan in plans if _is_there(plan) or _was_taught(plan, taught)), plans[0])
    sweep(store.folder, below=True)
    require_disk(store.folder, _bytes(found, store))
    _prepare(data, found, store, workers)
    store.write()
    return store


def _require_finer(spacings: Sequence[float | Literal["original"]], own: Sequence[float]) -> None:
    """Only the scans say how coarse "original" is. Finer along one axis is enough: slices may be thick."""
    if "original" not in spacings:
        return
    largest = float(np.median(own))
    behind = [s for s in spacings[spacings.index("original") :] if s != "original"]
    if any(float(s) > largest for s in behind):
        raise ConfigError(
            f"levels: [{','.join(map(str, spacings))}] does not go from coarse to fine: the voxels of these scans,"
            f" original, are {largest:g} at their longest edge. Put original behind what is coarser."
        )


def _levels(
    facts: Sequence[Facts], spacings: Sequence[float | Literal["original"]] | None, whole: bool
) -> tuple[Spacing, ...]:
    if spacings is not None:
        return tuple(None if s == "original" else float(s) for s in spacings)
    derived = derive_spacings([f["shape"] for f in facts], [f["spacing"] for f in facts])
    return derived[:1] if whole else derived


def _grey(facts: Sequence[Facts]) -> Normalisation:
    ends = [(f["percentiles"]["0.5"], f["percentiles"]["99.5"]) for f in facts]
    return derive_normalisation(ends, [f.get("channels", 1) for f in facts])


def _is_learned(run: Path) -> bool:
    """Whether a model, or half of one, learned from what a run has prepared."""
    return (run / "model").is_dir() or (run / "resume").is_dir()


def _was_taught(store: PreparedStore, made_of: str | None) -> bool:
    """Whether a run says that it learned from such arrays, which may be gone since."""
    looks = range(1, LOOKS) if made_of else ()
    return any(fingerprint(store.looked_at(times).keys) == made_of for times in looks)


def _is_there(store: PreparedStore) -> bool:
    """Whether the folder was prepared so: early ones looked at all cases, and a run that learned from one goes on."""
    try:
        return read_store(store.folder).keys == store.keys
    except DataError:
        return False


def _bytes(found: Findings, store: PreparedStore) -> int:
    """What the arrays that are not there yet will take."""
    total = 0.0
    for case, keys in store.keys.items():
        fact = found.facts[case]
        extent = np.array(fact["shape"]) * fact["spacing"]
        for key, spacing in zip(keys, store.spacings, strict=True):
            if not (store.folder / f"{key}.npy").exists():
                total += float(np.prod(extent / (np.array(fact["spacing"]) if spacing is None else spacing)))
    return int(total * store.normalisation.channels * np.dtype(np.float16).itemsize)


def _prepare(data: Dataset, found: Findings, store: PreparedStore, workers: int) -> None:
    missing = [c for c in store.keys if not all(is_whole(store.folder, k) for k in store.keys[c])]
    paths = {c: data.image_path(data.case(c)) for c in missing}
    levels = {c: tuple(zip(store.keys[c], store.spacings, strict=True)) for c in missing}
    # not the store: each job would carry the keys of all cases to its process
    jobs = {c: (paths[c], found.facts[c], store.folder, levels[c], store.normalisation) for c in missing}
    done = run_each(_prepare_case, jobs, max(1, workers))
    failed: dict[str, Exception] = {}
    for case, result in progress_bar(done, "preprocess", len(jobs), file=sys.stderr, disable=not jobs):
        if isinstance(result, Exception):
            failed[case] = result
    if failed:
        listed = "\n".join(f"  case {case}, {paths[case]}: {_why(error)}" for case, error in sorted(failed.items()))
        raise DataError(
            f"{len(failed)} of {len(jobs)} cases could not be prepared, the others are:\n{listed}\n"
            f"{_advice(list(failed.values()), store.folder)}"
        )


def _why(error: Exception) -> str:
    return str(error) if isinstance(error, PatchvoteError | LostJob) else repr(error)


def _advice(errors: Sequence[Exception], folder: Path) -> str:
    """What to do: a scan whose arrays found no room is as good as any."""
    unwritten = [isinstance(error, UnwritableError) for error in errors]
    lines = []
    if any(unwritten):
        lines = [f"Free some space on the disk that holds {folder}, or allow writing there, and run it again."]
    if not all(unwritten):
        these = "the other scans" if lines else "these scans"
        lines += [f"Mend or remove {these} and run check again, or free memory and run preprocess again."]
    return "\n".join(lines)


def _prepare_case(
    path: Path, facts: Facts, folder: Path, levels: Sequence[tuple[str, Spacing]], normalisation: Normalisation
) -> None:
    """The arrays are named after the scan that check saw: of another one they would be found again for good."""
    from pipeline.data.readers import read_image

    image = read_image(path)
    require_same(path, facts)
    for key, spacing in levels:
        if not is_whole(folder, key):
            save_array(folder, key, make_level(image, spacing, normalisation))
