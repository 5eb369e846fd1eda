"""Values of a table brought together with the images of a folder, and every mismatch said."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pipeline.data.collect import require_enough, subject
from pipeline.data.columns import Column
from pipeline.data.dataset import Case, Dataset
from pipeline.data.findings import Finding
from pipeline.data.grouping import splits_of, subjects_of, with_one_spelling
from pipeline.data.landmark_names import spelled
from pipeline.data.own_output import own_answers
from pipeline.data.readers import case_name, folder_and_series, unit_of
from pipeline.data.scan_files import find_scans, parts_of
from pipeline.data.scan_ids import alike, ids_by_file
from pipeline.data.values_csv import find_table, read_values
from pipeline.errors import DataError

ID = "{id}"  # in the name of an image stands for the case's


@dataclass(frozen=True)
class Columns:
    """What a table says of the cases of a folder, and how their images are called.

    Args:
        inputs: Columns that are given to a network.
        outputs: Columns that are asked of it.
        table: Name of the table; None = the only CSV file of the folder that has all columns.
        views: Where a case has several images, the name of each with "{id}" for the case's; the first is needed.
    """

    inputs: tuple[Column, ...] = ()
    outputs: tuple[Column, ...] = ()
    table: str | None = None
    views: dict[str, str] = field(default_factory=dict)


def collect_images(
    source: Path,
    name: str,
    images: str | None = None,
    views: Mapping[str, str] | None = None,
    by_folder: bool = False,
    series: Sequence[str] = (),
) -> tuple[Dataset, list[Finding]]:
    """All images of a folder as cases without landmarks; optional `subjects.csv` and `split.csv`.

    Args:
        source: The user's folder.
        name: Name of the data set.
        images: Which folder of it holds the images.
        views: Where a case has several images, the name of each with "{id}" for the case's; the first is needed.
        by_folder: Without a row of `subjects.csv`, an image shows the subject that its folder is called after; where
            all lie in one folder, each shows another.
        series: UIDs of the DICOM series to take, where a folder holds several.

    Raises:
        DataError: No folder, no images, two of one view of a case, or fewer than three subjects; or two folders have
            the same name, and only people know whether they show the same subject.
    """
    source = Path(source)
    scans, findings = find_scans(source, images, series)
    main, others = by_view(scans, views or {})
    findings += _left_out(scans, unused(scans, main, others))
    whose = subjects_of(source, main, findings)
    splits = parts_of(scans) | splits_of(source, main, findings)
    named = {case for case in main if case in whose or subject(case) != case}
    folders = _folders(source, main, named) if by_folder else {}
    cases = []
    for case, path in main.items():
        pictures = {view: p.relative_to(source).as_posix() for view, p in others.get(case, {}).items()}
        image = path.relative_to(source).as_posix()
        who = whose.get(case) or (subject(case) if case in named else folders.get(case, case))
        cases.append(Case(case, who, image, {}, splits.get(case), pictures=pictures))
    known = with_one_spelling(cases)
    require_enough(source, known, findings)
    dataset = Dataset(name, source.resolve(), (), known, unit_of(main[cases[0].id]), views=dict(views or {}))
    return dataset, findings


def with_values(
    dataset: Dataset,
    findings: list[Finding],
    inputs: Sequence[Column],
    outputs: Sequence[Column],
    table: str | None = None,
    images: str | None = None,
    series: Sequence[str] = (),
    keep: bool = False,
) -> Dataset:
    """The cases with what the table says of each; one without a row is left out, and so is one with a bad cell.

    Args:
        dataset: Cases of a folder.
        findings: Gets what is wrong.
        inputs: Columns that are given.
        outputs: Columns that are asked for.
        table: Name of the table; None = the only CSV file of the folder that has all columns.
        images: Which folder of it was looked into for images.
        series: UIDs of the DICOM series that were taken.
        keep: Cases without a row stay, and their values are not known: something else may be.

    Raises:
        DataError: No such table, or fewer than three subjects are left and no split is given.
    """
    columns = (*inputs, *outputs)
    if not columns:
        return dataset
    path = find_table(dataset.root, columns, table)
    findings += own_answers([path])
    ids = ids_by_file({case.id: dataset.image_path(case) for case in dataset.cases}, dataset.root)
    said = read_values(path, columns, ids)
    cases = []
    for case in dataset.cases:
        if case.id in said.problems:
            text, advice = (
                " ".join(said.problems[case.id]),
                "Correct it and import again; the case is left out until then.",
            )
            findings.append(Finding("bad-value", "error", case.id, text, advice))
        elif case.id not in said.rows:
            findings.append(_without_row(case.id, path.name, keep))
            cases += [case] if keep else []
        else:
            cases.append(replace(case, values=said.rows[case.id]))
    if strays := said.rows.keys() - {c.id for c in dataset.cases}:  # images that were left out, and those there are not
        told = {f.case for f in findings if f.severity == "error"}
        left_out = told | ids_by_file(find_scans(dataset.root, images, series)[0], dataset.root).keys()
        text = f"a row of {path.name}, but no image."
        findings += [Finding("no-scan", "warning", row, text, "Add the image.") for row in sorted(strays - left_out)]
    require_enough(dataset.root, tuple(cases), findings)
    return replace(dataset, cases=tuple(cases), inputs=tuple(inputs), outputs=tuple(outputs))


def _without_row(case: str, table: str, keep: bool) -> Finding:
    text, advice = f"{table} has no row for it", "Add a row, or rename its image."
    if keep:
        return Finding("no-values", "note", case, f"{text}: its values are taken as not known.", advice)
    return Finding("no-values", "warning", case, f"{text}: left out.", advice)


def by_view(scans: Mapping[str, Path], views: Mapping[str, str]) -> tuple[dict[str, Path], dict[str, dict[str, Path]]]:
    """The first image of each case, and the others by what they show. Where several names fit, the one that says most
    counts: beside "{id}_side", "{id}" is no name of a_side.png. Names that look the same are one case's,
    which is called as its first image is.

    Args:
        scans: By the id that their files say.
        views: The name of each image of a case with "{id}" for the case's; none = a case is an image.

    Raises:
        DataError: A name does not have one "{id}", two images are called so of one case, or no image is called like the
            first.
    """
    if not views:
        return dict(scans), {}
    patterns = {view: _pattern(view, said) for view, said in views.items()}
    first, *rest = views
    found: dict[str, dict[str, Path]] = {}
    called: dict[str, str] = {}
    for path in scans.values():
        for view, case in _shown(case_name(path), patterns).items():
            same = spelled(case)
            if (other := found.setdefault(same, {}).setdefault(view, path)) != path:
                why = "folders do not tell cases apart." if path.name == other.name else alike([other, path])
                raise DataError(
                    f"{path}: '{view}' of case '{case}', and so is {other}: {why} Give images of two cases two names."
                )
            if view == first or same not in called:
                called[same] = case
    found = {called[same]: paths for same, paths in found.items()}
    main = {case: paths[first] for case, paths in sorted(found.items()) if first in paths}
    if not main:
        raise DataError(f"data.views.{first}='{views[first]}': no image is called so.")
    return main, {case: {view: paths[view] for view in rest if view in paths} for case, paths in found.items()}


def _pattern(view: str, said: str) -> re.Pattern[str]:
    if said.count(ID) != 1:
        raise DataError(f"data.views.{view}='{said}': write {ID} once, for the name of the case.")
    before, after = map(_either, said.split(ID))
    return re.compile(f"{before}(.+){after}")


def _either(text: str) -> str:
    """A pattern of a text with its accents composed, or apart."""
    return f"(?:{'|'.join(re.escape(unicodedata.normalize(form, text)) for form in ('NFC', 'NFD'))})"


def _shown(name: str, patterns: Mapping[str, re.Pattern[str]]) -> dict[str, str]:
    """By view, the case that an image is of: the shorter the case, the more of the name the pattern says."""
    cases = {view: match[1] for view, pattern in patterns.items() if (match := pattern.fullmatch(name))}
    shortest = min(map(len, cases.values()), default=0)
    return {view: case for view, case in cases.items() if len(case) == shortest}


def unused(
    scans: Mapping[str, Path], main: Mapping[str, Path], others: Mapping[str, Mapping[str, Path]]
) -> dict[str, bool]:
    """By id, each image that `by_view` gave to no case in `main`: whether there is one that lacks its first image."""
    taken = {*main.values(), *(path for case in main for path in others.get(case, {}).values())}
    named = {path for paths in others.values() for path in paths.values()}
    return {scan: path in named for scan, path in scans.items() if path not in taken}


def _left_out(scans: Mapping[str, Path], without: Mapping[str, bool]) -> Iterator[Finding]:
    for scan, lacking in without.items():
        name, advice = scans[scan].name, "Rename it, or correct data.views."
        if lacking:
            text = f"{name} is of a case that has no image called like the first of data.views: left out."
            yield Finding("no-first-view", "warning", scan, text, advice)
        else:
            yield Finding("no-view", "note", scan, f"{name} is called like none of data.views: left out.", advice)


def _folders(source: Path, scans: Mapping[str, Path], told: Container[str]) -> dict[str, str]:
    """The name of the folder of each image of which nothing is `told`; none where all lie in one, or beside folders."""
    folders = {case: folder_and_series(path)[0].parent for case, path in scans.items()}
    if not folders:  # all have the same id, which is said where cases are counted
        return {}
    known: dict[str, Path] = {}
    for case, folder in sorted(folders.items()):
        if (other := known.setdefault(spelled(folder.name), folder)) != folder and case not in told:
            same = f"{other} and {folder} have the same name" if other.name == folder.name else alike([other, folder])
            raise DataError(
                f"{scans[case]}: {same.rstrip('.')}: is that one subject, or two? Say it in"
                " subjects.csv (case,subject), or give folders of two subjects two names."
            )
    top = {source, Path(os.path.commonpath(folders.values()))}
    return {case: folder.name for case, folder in folders.items() if folder not in top}
