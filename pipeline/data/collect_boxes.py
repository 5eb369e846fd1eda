"""From a user's folder of pictures and boxes to a data set, and every mismatch said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.data.boxes_beside import FOLDERS, VOC, YOLO, boxes_without_picture, files_beside, read_beside
from pipeline.data.boxes_coco import LISTS, coco_lists, read_coco, read_coco_lists
from pipeline.data.boxes_csv import read_boxes_csv
from pipeline.data.boxes_table import BoxesTable
from pipeline.data.collect import require_enough, subject
from pipeline.data.dataset import Case, Dataset
from pipeline.data.findings import Finding
from pipeline.data.grouping import splits_of, subjects_of, with_one_spelling
from pipeline.data.own_output import own_answers
from pipeline.data.picture_size import other_sizes
from pipeline.data.readers import unit_of
from pipeline.data.scan_files import find_scans, parts_of
from pipeline.data.scan_ids import ids_by_file
from pipeline.errors import DataError

TABLES = {
    "boxes.csv": read_boxes_csv,
    "boxes.json": read_coco,
    "instances.json": read_coco,
    "_annotations.coco.json": read_coco,
}


def collect_boxes(
    source: Path, name: str, images: str | None = None, unlisted: str = "left_out", series: Sequence[str] = ()
) -> tuple[Dataset, list[Finding]]:
    """Read a folder of pictures and boxes: Pascal VOC (`CASE.xml`), COCO (`boxes.json`, or a list a part), YOLO
    (`CASE.txt` with `classes.txt` or `data.yaml`) or a table (`boxes.csv`); optional `subjects.csv` and `split.csv`.

    Args:
        source: The user's folder.
        name: Name of the data set.
        images: Which folder of it holds the pictures.
        unlisted: What becomes of pictures of which no file speaks: "left_out", or they show nothing ("absent").
        series: UIDs of the DICOM series to take, where a folder holds several.

    Returns:
        The cases without an error, and all findings.

    Raises:
        DataError: No folder, no pictures, no boxes, or fewer than three subjects.
    """
    source = Path(source)
    scans, findings = find_scans(source, images, series)
    table = _read(source, scans)
    findings += own_answers(table.files)
    cases = []
    subjects = subjects_of(source, scans, findings)
    splits = parts_of(scans) | splits_of(source, scans, findings)
    for case, path in scans.items():
        if case in table.problems:
            messages = table.problems[case]
            more = f" (and {len(messages) - 1} more in this case)" if len(messages) > 1 else ""
            advice = "Correct it and import again; the case is left out until then."
            findings.append(Finding("bad-annotation", "error", case, messages[0] + more, advice))
        elif case not in table.cases and unlisted != "absent":
            text = f"{path.name} has no boxes: left out."
            findings.append(Finding("no-boxes", "warning", case, text, "Annotate it, or say data.unlisted=absent."))
        else:
            whose, image = subjects.get(case, subject(case)), path.relative_to(source).as_posix()
            cases.append(Case(case, whose, image, {}, splits.get(case), {}, tuple(table.cases.get(case, ()))))
    findings += _without_picture(table.cases.keys() - scans.keys())
    findings += _without_picture(_astray(source, scans, table, findings))
    known = with_one_spelling(cases)
    require_enough(source, known, findings)
    return Dataset(name, source.resolve(), (), known, unit_of(scans[cases[0].id])), findings


def with_boxes_of_folder(
    dataset: Dataset, findings: list[Finding], images: str | None = None, series: Sequence[str] = ()
) -> Dataset:
    """The same cases with the boxes that their folder has of them, if it has any; of the others nothing is known.

    Args:
        findings: Gets what is wrong with boxes.
        images: As of `collect_boxes`; so is `series`.
    """
    paths = {case.id: dataset.image_path(case) for case in dataset.cases}
    if not _tables(dataset.root) and not coco_lists(dataset.root) and not files_beside(dataset.root, paths):
        return dataset
    table = _read(dataset.root, paths)
    findings += own_answers(table.files)
    for case in sorted(table.problems.keys() & paths.keys()):
        text, advice = table.problems[case][0], "Correct it; until then nothing is known of the boxes of this case."
        findings.append(Finding("bad-annotation", "warning", case, text, advice))
    if strays := table.cases.keys() - paths.keys():  # pictures that were left out, and those that there are not
        left_out = ids_by_file(find_scans(dataset.root, images, series)[0], dataset.root)
        findings += _without_picture(strays - left_out.keys())
    if _astray(dataset.root, paths, table, findings):
        everything = find_scans(dataset.root, images, series)[0] | paths
        findings += _without_picture(_astray(dataset.root, everything, table, findings))
    good = {case: tuple(boxes) for case, boxes in table.cases.items() if case not in table.problems}
    return replace(dataset, cases=tuple(replace(c, boxes=good.get(c.id)) for c in dataset.cases))


def _without_picture(cases: Iterable[str]) -> list[Finding]:
    text = "boxes, but no picture of this id."
    return [Finding("no-scan", "warning", case, text, "Add the picture.") for case in sorted(cases)]


def _astray(source: Path, scans: Mapping[str, Path], table: BoxesTable, findings: Iterable[Finding]) -> list[str]:
    """Files of boxes of no picture, where such were read: not of one of which something was told, nor of what may be
    another name of one."""
    if not any(path.suffix.lower() in (VOC, YOLO) for path in table.files):
        return []
    known = ids_by_file(scans, source).keys()
    told = {f.case for f in findings if f.rule in ("duplicate-case", "unread-scan")}
    return [way for way in boxes_without_picture(source, scans) if way not in known and Path(way).name not in told]


def _read(source: Path, scans: Mapping[str, Path]) -> BoxesTable:
    tables, beside = _tables(source), files_beside(source, scans)
    lists = [] if tables else coco_lists(source)  # which may be what the table was made from
    if len(tables) + bool(lists) + bool(beside) > 1:
        there = [*tables, *lists[:1], *_paths(beside)[:1]]
        listed = ", ".join(p.relative_to(source).as_posix() for p in there)
        raise DataError(f"{source}: boxes in several places: {listed}. Keep one of them.")
    if not tables and not lists and not beside:
        raise DataError(
            f"{source}: no boxes in it. Looked for {', '.join((*TABLES, *LISTS))}, and for CASE.xml (Pascal VOC) or"
            f" CASE.txt (YOLO) beside the pictures or in {', '.join(FOLDERS)}, there in folders as the pictures are."
        )
    if tables:
        table = TABLES[tables[0].name](tables[0])
    else:
        table = read_coco_lists(lists, source) if lists else read_beside(source, scans, beside)
    table.files = tables or lists or _paths(beside)
    table.rename(ids_by_file(scans, source))
    _require_pictures(source, scans, table)
    for case, message in other_sizes(table.sizes, scans).items():
        table.problem(case, message)
    return table


def _paths(beside: Mapping[str, Sequence[Path]]) -> list[Path]:
    return [path for files in beside.values() for path in files]


def _tables(source: Path) -> list[Path]:
    return [source / name for name in TABLES if (source / name).is_file()]


def _require_pictures(source: Path, scans: Mapping[str, Path], table: BoxesTable) -> None:
    boxed = next((path for case, path in scans.items() if table.cases.get(case) and unit_of(path) != "px"), None)
    if boxed is not None:
        raise DataError(
            f"{source}: its boxes are in pixels of pictures, {boxed.name} is a scan. Take them away; boxes in scans are"
            " made around landmarks: data.boxes_around={CLASS: [LANDMARK, ...]}."
        )
