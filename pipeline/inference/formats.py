"""Whether what is asked for can be written of these answers and images: told before the first scan is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from pipeline.data.own_output import is_linked
from pipeline.data.readers import folder_and_series, unit_of
from pipeline.data.unread_kinds import is_unread
from pipeline.data.write_boxes import FORMATS as OF_BOXES
from pipeline.errors import ConfigError

ALWAYS = ("mrk.json", "fcsv", "csv", "nnlandmark")
OF_POINTS = {"mm": (*ALWAYS, "png", "dicom-sr"), "px": (*ALWAYS, "points.json", "png")}


def check_formats(answers: str, unit: str, formats: Sequence[str] | None, scans: Mapping[str, Path]) -> None:
    """Refuse formats that would write nothing, or lose a case.

    Args:
        answers: What is answered: points, boxes, values or vectors.
        unit: Of the images.
        formats: That were asked for; None = the usual ones.
        scans: That will be answered.

    Raises:
        ConfigError: The answers, or one of the scans, cannot be written so, or not by what is installed.
    """
    readable = {case: scan for case, scan in scans.items() if not is_unread(scan)}  # the others fail by themselves
    possible = {"points": OF_POINTS[unit], "boxes": OF_BOXES[unit]}.get(answers, ())
    for name in sorted(formats or ()):
        if name not in possible:
            there = f"of {answers} in {unit} there are {', '.join(possible)}" if possible else _always(answers)
            raise ConfigError(f"predict.formats={name}: {there}")
        for case, scan in readable.items():
            if name == "dicom-sr" and is_linked(folder_and_series(scan)[0].parent):
                raise ConfigError(
                    f"predict.formats={name}: a report names its patient, and {case} is a code. Leave it out."
                )
            if lacking := _lacking(name, scan, unit):
                raise ConfigError(f"predict.formats={name}: {scan} is no {lacking}. Choose another format.")
        if name == "dicom-sr" and find_spec("highdicom") is None:
            raise ConfigError(f"predict.formats={name}: needs highdicom: pip install 'patchvote[dicom]'.")


def _always(answers: str) -> str:
    table = " and values.csv" if answers == "values" else ""
    return f"of {answers} nothing but predictions.json{table} is written. Leave predict.formats out."


def _lacking(name: str, scan: Path, unit: str) -> str:
    """What a scan would have to be, and is not."""
    if name == "png":
        return "" if unit == "mm" or unit_of(scan) == "px" else "picture"
    return "DICOM series" if name == "dicom-sr" and not folder_and_series(scan)[0].is_dir() else ""
