"""The tags of a series that a DICOM report takes over: what it refers to, and whose it is.

They are told by name and number, never by value: messages go into files that name nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pipeline.data.dicom_header import Slice
from pipeline.data.findings import Finding
from pipeline.errors import DataError

UIDS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID")  # type 1: never empty
NEEDED = (  # tags of the patient and study that every object of DICOM has, empty where they are not known (type 2)
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex",
    "StudyDate", "StudyTime", "StudyID", "AccessionNumber", "ReferringPhysicianName",
)  # fmt: skip


def require_uids(slices: Sequence[Slice]) -> None:
    """Make sure that a report can refer to every slice.

    Raises:
        DataError: A UID is missing.
    """
    for piece in slices:
        for name in UIDS:
            if not piece.data.get(name):
                raise DataError(
                    f"{piece.path}: no {_told(name)}, which a report refers to. Export the series again, or choose"
                    " another format."
                )


def settle_tags(header: Any) -> list[str]:
    """Empty what is no date, time or sex of DICOM, and what is missing: a report may have it so, and highdicom refuses
    all else.

    Returns:
        The tags whose values are gone.
    """
    gone = [name for name, kind in _kinds().items() if name in header and not _holds(kind, header[name].value)]
    for name in NEEDED:
        if name in gone or name not in header:
            setattr(header, name, "")
    return [_told(name) for name in gone]


def gone_remark(case: str, gone: Sequence[str]) -> list[Finding]:
    """What a report lacks that its scan says in no way that DICOM knows."""
    if not gone:
        return []
    message = f"{', '.join(gone)}: not as DICOM has it, so the report has none."
    return [Finding("report-tags", "warning", case, message, "Correct the series, or the report where it is filed.")]


def _kinds() -> dict[str, Callable[[Any], Any]]:
    """What raises on a value that highdicom would raise on, too."""
    from highdicom import PatientSexValues
    from pydicom.valuerep import DA, TM

    return {
        "PatientBirthDate": DA,
        "PatientSex": lambda sex: PatientSexValues(sex) if sex else None,
        "StudyDate": DA,
        "StudyTime": TM,
    }


def _holds(kind: Callable[[Any], Any], value: Any) -> bool:
    try:
        kind(value)
    except Exception:  # pydicom raises many kinds on values of another type
        return False
    return True


def _told(name: str) -> str:
    """ "PatientSex (0010,0040)" of a name."""
    from pydicom.tag import Tag

    return f"{name} {Tag(name)}"
