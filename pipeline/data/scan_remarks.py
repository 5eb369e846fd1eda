"""What is to be said of a scan that is answered or aligned: what its reader had to decide, and what is odd about it.

The rules are those of `check`. But nobody trains on such a scan, so none of them refuses it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import replace

from pipeline.data.findings import Finding, summarize
from pipeline.data.image import Image
from pipeline.data.scan_facts import glance
from pipeline.data.set_rules import note_findings, scan_findings


def remarks_on(case: str, image: Image) -> list[Finding]:
    """Notes, and warnings about what answers may suffer from."""
    fact = glance(image)
    found = (*note_findings(case, fact), *scan_findings(case, fact))
    return [replace(f, severity="warning") if f.severity == "error" else f for f in found]


def warn(remarks: Iterable[Finding]) -> None:
    """The warnings on stderr, a line for all that say the same."""
    for _, _, cases, message, advice in summarize(f for f in remarks if f.severity != "note"):
        print(f"{cases}: {message} {advice}", file=sys.stderr)
