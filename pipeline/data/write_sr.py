"""A DICOM structured report (TID 1500): each found landmark a point in the patient's frame, with its belief.

It carries the patient of the scan it was made from, or no archive could file it; so it is written only where asked for.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pipeline import __version__
from pipeline.data.atomic import write_bytes
from pipeline.data.dicom_header import quiet
from pipeline.data.dicom_series import read_series
from pipeline.data.predictions import Answer
from pipeline.data.readers import folder_and_series
from pipeline.data.report_tags import require_uids, settle_tags
from pipeline.errors import DataError, is_lack_of_memory

MAKER = "patchvote"

# What was done, in words of LOINC, by modality; a report on another one says "imaging procedure".
PROCEDURES = {
    "CT": "CTUnspecifiedBodyRegion",
    "MR": "MRIUnspecifiedBodyRegion",
    "PT": "PETUnspecifiedBodyRegion",
    "NM": "NMUnspecifiedBodyRegion",
}


def write_sr(path: Path, answers: Mapping[str, Answer], scan: Path, model: str) -> list[str]:
    """Write one report.

    Args:
        path: Ends in `.dcm`.
        answers: By landmark, LPS mm.
        scan: The DICOM series they were found in.
        model: Name of the model, which is said in the report.

    Returns:
        Tags of the scan that the report lacks, for DICOM knows no such value of them.

    Raises:
        DataError: The scan is no DICOM series, lacks what a report must refer to, or highdicom is not installed or
            makes no report of it.
    """
    try:
        import highdicom
    except ImportError as error:
        raise DataError(f"{path}: DICOM reports need highdicom: pip install 'patchvote[dicom]'.") from error
    folder, series = folder_and_series(scan)
    if not folder.is_dir():
        raise DataError(f"{path}: {scan} is no DICOM series, and a report refers to one. Choose another format.")
    slices = read_series(folder, series)[0]
    sources = [piece.data for piece in slices]
    frame = sources[0].get("FrameOfReferenceUID")
    if not frame:
        raise DataError(
            f"{scan}: no FrameOfReferenceUID (0020,0052), which a report's points refer to. Choose another format."
        )
    found = {name: answer for name, answer in answers.items() if answer.found and answer.position}
    if not found:
        path.unlink(missing_ok=True)  # one of an earlier call, about other answers
        return []
    require_uids(slices)
    gone = settle_tags(sources[0])
    write_bytes(path, _made(scan, lambda: _report(highdicom, sources, found, str(frame), model)))
    return gone


def _made(scan: Path, report: Callable[[], Any]) -> bytes:
    """The bytes of a report; what highdicom raises holds values of the patient, and is told by its kind alone."""
    quiet()
    buffer = io.BytesIO()
    try:
        report().save_as(buffer, enforce_file_format=True)
    except Exception as error:  # many kinds
        if is_lack_of_memory(error):
            raise
        why = type(error).__name__
        raise DataError(f"{scan}: highdicom makes no report of its tags ({why}). Choose another format.") from error
    return buffer.getvalue()


def _group(highdicom: Any, name: str, answer: Answer, frame: str) -> Any:
    """One landmark: its name identifies the group, the point is its region, belief and radius its measurements."""
    from pydicom.sr.codedict import codes

    sr, code = highdicom.sr, highdicom.sr.CodedConcept
    point = sr.ImageRegion3D(
        graphic_type=sr.GraphicTypeValues3D.POINT,
        graphic_data=np.array([answer.position], np.float64),
        frame_of_reference_uid=frame,
    )
    said = [sr.Measurement(code("belief", "99PATCHVOTE", "Belief"), answer.belief, codes.UCUM.NoUnits)]
    if answer.radius95 is not None:
        radius = code("radius95", "99PATCHVOTE", "Radius that holds in 95%")
        said.append(sr.Measurement(radius, answer.radius95, codes.UCUM.Millimeter))
    tracking = sr.TrackingIdentifier(uid=highdicom.UID(), identifier=name)
    return sr.PlanarROIMeasurementsAndQualitativeEvaluations(tracking, referenced_region=point, measurements=said)


def _report(highdicom: Any, sources: list[Any], found: Mapping[str, Answer], frame: str, model: str) -> Any:
    from pydicom.sr.codedict import codes

    groups = [_group(highdicom, name, answer, frame) for name, answer in found.items()]
    done = PROCEDURES.get(str(sources[0].get("Modality")))
    sr = highdicom.sr
    device = sr.ObserverContext(
        codes.DCM.Device, sr.DeviceObserverIdentifyingAttributes(uid=highdicom.UID(), name=f"{MAKER} {model}"[:64])
    )
    content = sr.MeasurementReport(
        sr.ObservationContext(observer_device_context=device),
        procedure_reported=getattr(codes.LN, done) if done else codes.SCT.ImagingProcedure,
        imaging_measurements=groups,
        title=codes.DCM.ImagingMeasurementReport,
    )
    return sr.Comprehensive3DSR(
        evidence=sources,
        content=content[0],
        series_number=9000,
        series_instance_uid=highdicom.UID(),
        sop_instance_uid=highdicom.UID(),
        instance_number=1,
        manufacturer=MAKER,
        series_description=f"Landmarks by {MAKER} {__version__}",
        specific_character_set="ISO_IR 192",  # UTF-8: that of the scan may lack letters of a landmark's name
    )
