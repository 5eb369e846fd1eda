"""Rules that look at all cases together: leaks between the parts, odd spacings, landmarks too rare to learn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import numpy as np

from pipeline.data.dataset import PARTS, Dataset
from pipeline.data.findings import Finding
from pipeline.data.intensity import derive_normalisation
from pipeline.data.nifti_header import DIFFER
from pipeline.data.read_picture import DIM
from pipeline.data.scan_facts import BODY, Facts

FLAT = 3.0  # longest voxel edge over the shortest
ODD = 3.0  # a spacing this many times the usual one
HUGE = 1e8  # beyond any scanner's scale; MR reaches 1e6
HOUNSFIELD = (-3000, 70000)  # metal included; makers pad with values below: -3024, -8192, -33792
MOST_AXES = 3
SLICES = 4  # a landmark needs something to be seen on both sides of it
LABELS = 8  # different whole values
FEW = 3  # cases with a position, below which a landmark cannot be learned and measured


def check_set(dataset: Dataset, facts: Mapping[str, Facts], strict: bool = False) -> list[Finding]:
    """All findings of these rules; `facts` of the readable cases. `strict`: what is doubtful is wrong."""
    rules = (
        _voxel_sizes(facts),
        _scans(facts),
        _hounsfield(facts),
        _twins(dataset, facts),
        _subjects(dataset),
        _rare(dataset),
        _notes(facts, strict),
    )
    return [finding for rule in rules for finding in rule]


def _voxel_sizes(facts: Mapping[str, Facts]) -> Iterator[Finding]:
    sizes = {case: sorted(f["spacing"]) for case, f in facts.items()}
    dims = Counter(len(s) for s in sizes.values()).most_common(1)
    for case, size in sizes.items():
        if len(size) != dims[0][0]:
            text = f"an image with {len(size)} axes; most have {dims[0][0]}."
            yield Finding("axes", "error", case, text, "Keep images of one kind in a data set.")
    sizes = {case: s for case, s in sizes.items() if len(s) == dims[0][0]}
    usual = np.median(list(sizes.values()), axis=0) if sizes else np.ones(1)
    for case, size in sizes.items():
        if size[-1] > FLAT * size[0]:
            text = f"voxels are {size[-1] / size[0]:.1f} times longer than wide ({size[0]:g} and {size[-1]:g})."
            yield Finding(
                "anisotropy", "warning", case, text, "Fine if all scans are like that; else errors grow along it."
            )
        ratio = np.array(size) / usual
        if ratio.max() > ODD or ratio.min() < 1 / ODD:
            text = f"spacing {facts[case]['spacing']}, usually {usual.round(3).tolist()} (sorted)."
            yield Finding("spacing", "warning", case, text, "Check that the file states its voxel size in mm.")


def scan_findings(case: str, fact: Facts) -> Iterator[Finding]:
    """What one scan's facts say without the others."""
    if max(abs(fact["min"]), abs(fact["max"])) > HUGE:
        text = f"values from {fact['min']:g} to {fact['max']:g}: no scanner's scale."
        yield Finding("values", "error", case, text, "Check that it is a scan, with the right scale.")
    if len(fact["shape"]) == MOST_AXES and min(fact["shape"]) < SLICES:
        text = f"shape {fact['shape']}: needs at least {SLICES} slices."
        yield Finding("few-slices", "error", case, text, "Export the whole scan; save a flat picture with two axes.")
    if fact.get("distinct", LABELS + 1) <= LABELS:
        text = f"only {fact['distinct']} different values: a label map, or a scan that was thresholded?"
        yield Finding("few-values", "warning", case, text, "Check that it is the scan and not its segmentation.")


def _scans(facts: Mapping[str, Facts]) -> Iterator[Finding]:
    for case, fact in facts.items():
        yield from scan_findings(case, fact)


def _hounsfield(facts: Mapping[str, Facts]) -> Iterator[Finding]:
    """Among scans in Hounsfield units, one that cannot be in them: its scale was lost, or it is another thing."""
    ends = [(f["percentiles"]["0.5"], f["percentiles"]["99.5"]) for f in facts.values()]
    if len(ends) < FEW or derive_normalisation(ends).kind != "window":
        return
    for case, fact in facts.items():
        low, high = HOUNSFIELD
        if fact[BODY] < low or max(-fact["min"], fact["max"]) > high:
            seen = f"values from {fact['min']:g} to {fact['max']:g}"
            text = f"{seen}: most of these scans look like CT, and Hounsfield units lie between {low} and {high}."
            yield Finding("values", "error", case, text, "Export it again with its rescale slope and intercept.")


def _twins(dataset: Dataset, facts: Mapping[str, Facts]) -> Iterator[Finding]:
    """Equal voxels under two ids: in two parts the test would measure memory, so the later id is left out."""
    first: dict[str, str] = {}
    part = {c.id: c.split for c in dataset.cases}
    for case in (c.id for c in dataset.cases if c.id in facts):
        other = first.setdefault(facts[case]["voxels_sha256"], case)
        if other != case and part[other] != part[case]:
            text = f"the same voxels as case '{other}': one in {part[other]}, one in {part[case]}."
            yield Finding("same-scan", "error", case, text, "Remove one, or name one subject for both in subjects.csv.")
        elif other != case:
            text = f"the same voxels as case '{other}', both in {part[case]}."
            yield Finding("same-scan", "warning", case, text, "Remove one unless it is meant.")


def _subjects(dataset: Dataset) -> Iterator[Finding]:
    parts: dict[str, set[str]] = {}
    for case in dataset.cases:
        parts.setdefault(case.subject, set()).add(str(case.split))
    for subject, found in sorted(parts.items()):
        if len(found) > 1:
            text = f"subject '{subject}' is in {' and '.join(sorted(found))}: the test would measure memory."
            yield Finding("subject-in-two-parts", "error", None, text, "Give all its cases one part in split.csv.")


def _rare(dataset: Dataset) -> Iterator[Finding]:
    for name in dataset.landmarks:
        count = {p: sum(c.landmarks.get(name) is not None for c in dataset.part(p)) for p in PARTS}
        total = sum(c.landmarks.get(name) is not None for c in dataset.cases)
        if dataset.part("train") and not count["train"]:
            text = f"landmark '{name}' has a position in {total} cases, none of them in train: it cannot be learned."
            yield Finding("rare-landmark", "warning", None, text, "Annotate more cases, or remove it.")
        elif total < FEW:
            text = f"landmark '{name}' has a position in {total} of {len(dataset.cases)} cases."
            yield Finding("rare-landmark", "warning", None, text, "Annotate more cases, or remove it.")


def _notes(facts: Mapping[str, Facts], strict: bool) -> Iterator[Finding]:
    for case, fact in facts.items():
        yield from note_findings(case, fact, strict)


def note_findings(case: str, fact: Facts, strict: bool = False) -> Iterator[Finding]:
    """What the reader of one scan had to decide."""
    for note in fact["notes"]:
        if DIFFER in note:
            advice = "Write the scan again with one position: the one in which landmarks are placed."
            yield Finding("two-positions", "error" if strict else "warning", case, f"{note}.", advice)
        elif DIM in note:
            advice = "Save it as 16-bit grey without transparency, or in 8 bits, of which its values fill the range."
            yield Finding("deep-colours", "warning", case, f"{note}.", advice)
        else:
            yield Finding("reader-note", "note", case, note)
