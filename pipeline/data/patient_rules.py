"""Scans of one patient, by their DICOM headers, that are called two subjects and lie in two parts.

Headers are read in every check, and what they say is kept nowhere: a digest would tell whoever tries all numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container
from contextlib import suppress
from pathlib import Path

from pipeline.data.dataset import Case, Dataset
from pipeline.data.dicom_header import open_dicom, uid_of, understood
from pipeline.data.findings import Finding
from pipeline.data.readers import files_of, folder_and_series
from pipeline.errors import DataError

NOBODY = ("0", "anon", "anonymous", "anonymized", "anonymised", "none", "unknown")  # what stands in place of an ID
MANY = 0.5  # a share of the series above which an ID is nobody's,
FEW = 5  # of so many or more: of three series, two may well be one patient's


def check_patients(dataset: Dataset, readable: Container[str]) -> list[Finding]:
    """An error for each later case of a patient of another part: the test would measure memory."""
    looked_at = {c.id: _patient(dataset.image_path(c)) for c in dataset.cases if c.id in readable}
    patients = {case: who for case, who in looked_at.items() if who is not None}
    nobody = {who for who, count in Counter(patients.values()).items() if count > MANY * max(len(patients), FEW)} | {""}
    first: dict[str, Case] = {}
    findings = []
    for case in (c for c in dataset.cases if patients.get(c.id, "") not in nobody):
        other = first.setdefault(patients[case.id], case)
        if other.subject != case.subject and other.split != case.split:
            text = f"the same PatientID as case '{other.id}': one in {other.split}, one in {case.split}."
            advice = "Name one subject for both in subjects.csv, and import again."
            findings.append(Finding("same-patient", "error", case.id, text, advice))
    return findings


def _patient(scan: Path) -> str | None:
    """What tells a patient from others, "" where the header does not say; None of what is no DICOM series."""
    folder, series = folder_and_series(scan)
    for file in files_of(scan) if folder.is_dir() else ():
        with suppress(DataError), understood(file):
            data = open_dicom(file)
            if data is not None and series in (None, uid_of(file, data)):
                name, issuer = (str(data.get(tag) or "").strip() for tag in ("PatientID", "IssuerOfPatientID"))
                return "" if not name or name.casefold() in NOBODY else f"{issuer}\n{name}"
    return None
