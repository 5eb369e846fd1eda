"""Which part of the split the user's folder says: folders called `train/`, `val/`, `test/` or as nnU-Net's are, lists
of Pascal VOC, or those of MONAI beside scans that were taken from elsewhere."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from pipeline.data.csv_rows import some
from pipeline.data.datalist import NAMES, find_datalist
from pipeline.data.dataset import PARTS, Dataset, Part
from pipeline.data.findings import Finding
from pipeline.data.scan_ids import NNUNET
from pipeline.data.split import PART_WORDS
from pipeline.errors import DataError

YEAR = re.compile(r"\d{4}$")  # train2017, as COCO has it
LISTS = "ImageSets/Main"  # of VOC; those of each class beside them are not looked at


@dataclass(frozen=True)
class _Said:
    """What folders or lists say of the split.

    Args:
        what: Says it.
        parts: Of each case.
        least: Parts that are named, else they are only names.
        measured: What is called validation is measured where nothing is called test.
    """

    what: str
    parts: dict[str, set[Part]]
    least: int
    measured: bool = True


def with_parts(dataset: Dataset, findings: list[Finding]) -> Dataset:
    """The same cases with the parts that folders or lists say, where no table does: two parts or more are named, and
    one for every case. Else it is told that they are not followed; but one folder alone called so is only a name.

    Args:
        findings: Gets what was followed, or not.
    """
    if any(case.split for case in dataset.cases):
        return dataset
    for said in (*_of_datalist(dataset, findings), _of_folders(dataset), _of_lists(dataset)):
        if len(set().union(*said.parts.values())) < said.least:
            continue
        if why := _unclear(dataset, said.parts):
            text = f"{said.what} say parts of the split, but are not followed: {why}."
            findings.append(Finding("split-unclear", "warning", None, text, "Say the part of every case in split.csv."))
        else:
            return _followed(dataset, said, findings)
    return dataset


def _unclear(dataset: Dataset, said: dict[str, set[Part]]) -> str:
    """Why what is said is no split; "" where it is."""
    if unclear := [case for case, parts in said.items() if len(parts) != 1]:
        return f"{some(unclear)} is in none of them, or in two"
    parts = set().union(*said.values())
    if "train" not in parts or parts == {"train"}:
        return "all are for training" if parts == {"train"} else "none is for training"
    whose: dict[str, set[Part]] = {}
    for case in dataset.cases:
        whose.setdefault(case.subject, set()).update(said[case.id])
    torn = [subject for subject, parts in whose.items() if len(parts) > 1]
    return f"subject {some(torn)} is in two of them" if torn else ""


def _followed(dataset: Dataset, said: _Said, findings: list[Finding]) -> Dataset:
    measured, parts = "", {case: next(iter(one)) for case, one in said.parts.items()}
    if said.measured and set(parts.values()) == {"train", "validation"}:  # as KITTI, COCO and YOLO have it
        parts = {case: "test" if part == "validation" else part for case, part in parts.items()}
        measured = " What is called validation is measured, as test; the best weights are chosen by some of train."
    count = Counter(parts.values())
    listed = ", ".join(f"{count[part]} {part}" for part in PARTS if count[part])
    text = f"{said.what} say the parts of the split: {listed}.{measured}"
    advice = "To have it otherwise, say the part of every case in split.csv."
    findings.append(Finding("split-followed", "note", None, text, advice))
    return dataset.with_cases(tuple(replace(case, split=parts[case.id]) for case in dataset.cases))


def _of_datalist(dataset: Dataset, findings: list[Finding]) -> list[_Said]:
    """Of a data list whose scans were not taken, since others were asked for: they go by its names. It speaks of
    landmarks; a broken one was no hindrance to the others, and is named without what is in it, which may be people."""
    try:
        listed = find_datalist(Path(dataset.root)) if dataset.landmarks else None
    except DataError:
        text = f"{' or '.join(NAMES)}: a data list that is damaged or names files that are not there is not followed."
        advice = "Leave data.images out to see what is wrong, or say the part of every case in split.csv."
        findings.append(Finding("split-unclear", "warning", None, text, advice))
        return []
    if listed is None or len(set(listed.parts.values())) < 2:
        return []
    said = {case.id: listed.parts.get(case.id) for case in dataset.cases}
    parts: dict[str, set[Part]] = {case: {part} if part else set() for case, part in said.items()}
    return [_Said(f"lists of {listed.file}", parts, 0, measured=False)]


def _of_folders(dataset: Dataset) -> _Said:
    return _Said("folders", {case.id: _words(PurePosixPath(case.image).parts[:-1]) for case in dataset.cases}, 2)


def _words(folders: tuple[str, ...]) -> set[Part]:
    """What nnU-Net has for training may be parted further; what it has for the test is that."""
    words = {YEAR.sub("", folder.lower()) for folder in folders}
    said = {PART_WORDS[word] for word in words if word in PART_WORDS}
    train, test = (name in folders for name in NNUNET)
    return said | {"test"} if test else said or ({"train"} if train else set())


def _of_lists(dataset: Dataset) -> _Said:
    """What trainval.txt alone names is for training: the official lists of VOC say no more."""
    said: dict[str, set[Part]] = {case.id: set() for case in dataset.cases}
    for word in ("train", "val", "test"):
        for case in said.keys() & _listed(dataset, word):
            said[case].add(PART_WORDS[word])
    for case in said.keys() & _listed(dataset, "trainval"):
        if not said[case] & {"train", "validation"}:
            said[case].add("train")
    return _Said(f"lists in {LISTS}", said, 1)


def _listed(dataset: Dataset, word: str) -> set[str]:
    path = Path(dataset.root) / LISTS / f"{word}.txt"
    return set(path.read_text(encoding="utf-8-sig", errors="replace").split()) if path.is_file() else set()
