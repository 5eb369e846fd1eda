"""What can be set about data: how a folder is read, which phantoms are drawn, how closely to look."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=0)]


@dataclass(frozen=True)
class DataSettings:
    """How a folder is read.

    Args:
        name: What the dataset calls itself; null = the experiment's name.
        frame: Frame of landmark files that do not say it themselves (others keep theirs); null = the scans must tell.
        missing: What a landmark without a row means: nobody said (unannotated) or not in the scan (absent).
        unlisted: Scans of which no landmark file speaks are left out (left_out; with task=multi their landmarks are not
            known), or shown as containing none (absent).
        images: Name of the folder in the source that holds the scans, such as images_2mm; null = of all images* the
            one with most scans, or else the source itself.
        series_uid: SeriesInstanceUIDs to take from DICOM folders that hold several; predict and align mind it, too.
        pseudonyms: Call scans by codes instead of their file names; predict minds it, too, and goes by its run= where
            it is not said. PLACE/private/ knows whose.
        edges: Pairs of landmarks that are drawn as lines, such as the bones of a skeleton.
        boxes_around: For task=boxes, one_object or multi, boxes around landmarks: {CLASS: [LANDMARK, ...], ...}.
        margin: Added to such a box on every side, mm or px.
        fractions: Shares of training, validation and test, by subject, where the folder does not split itself.
        split_seed: Another seed, another split.
        strict: Stop where a case is quarantined; a scan whose sform and qform differ is, too.
        table: CSV in the folder with a row a case, for columns of inputs and outputs; null = the only one that has all.
        views: Where a case has several images (task=attributes), what each shows and how its file is called:
            {NAME: '{id}_name', ...}. The first is the image itself, the others are inputs.
    """

    name: str | None = None
    frame: Literal["LPS", "RAS"] | None = None
    missing: Literal["unannotated", "absent"] = "unannotated"
    unlisted: Literal["left_out", "absent"] = "left_out"
    images: str | None = None
    series_uid: tuple[str, ...] = ()
    pseudonyms: bool = False
    edges: tuple[tuple[str, str], ...] = ()
    boxes_around: dict[str, tuple[str, ...]] = field(default_factory=dict)
    margin: Annotated[float, Field(ge=0)] = 0.0
    fractions: tuple[float, float, float] = (0.7, 0.15, 0.15)
    split_seed: Count = 0
    strict: bool = False
    table: str | None = None
    views: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SimulateSettings:
    """Phantoms whose answers are known exactly.

    Args:
        out: Folder to write images/ and landmarks/ into.
        cases: How many; of CTA, patients.
        scans: Of each patient (CTA only): each with its own pose, breath, contrast, field of view and noise.
        kind: What they show: cta, the aortic root in cardiac CT; blobs, plain shapes that any network learns at once;
            figures, stick figures in pictures; objects, pictures with one thing of three classes, or none.
        fov_mm: Edge of the field of view of scans. Of cta that in plane (null = 150 to 200 mm, by case); along the
            patient it is 0.6 to 0.75 of that. It grows where a landmark would lie outside, and in one case of ten it
            ends among them. Of blobs, within a tenth, that of a cube (null = 48 mm).
        spacing_mm: Voxel size of scans, nominally. Of cta 0.85 to 1.15 times it in plane and 0.9 to 1.6 times it
            between slices, by case (null = 0.35 to 0.5 mm and 0.4 to 0.9 mm); of blobs 0.9 to 1.1 times it along each
            axis (null = 1 mm).
    """

    out: Path = Path("phantoms")
    cases: Annotated[int, Field(gt=0)] = 40
    scans: Annotated[int, Field(gt=0)] = 1
    kind: Literal["cta", "blobs", "figures", "objects"] = "cta"
    fov_mm: Positive | None = None
    spacing_mm: Positive | None = None


@dataclass(frozen=True)
class CheckSettings:
    """How closely to look at the data.

    Args:
        with_model: Train on parts of the set in turn and list the annotations that do not fit the rest (--with-model);
            the set must be prepared before, and training.minutes are spent on each fold.
        folds: How many parts.
        same_patient: Folder of a model of task=embedding that tells patients apart; a scan is named that it finds
            farther from all of its own subject than scans of one patient lie, and nearer to one of another subject,
            or as near to that as a copy. null = nothing is compared.
    """

    with_model: bool = False
    folds: Annotated[int, Field(ge=3)] = 4
    same_patient: Path | None = None


@dataclass(frozen=True)
class AlignSettings:
    """How images are brought to a common frame by their landmarks.

    Args:
        template: template.json of an earlier alignment, which brings what follows; null = the mean of what source has.
        landmarks: Align by these alone; none = all.
        spacing: Voxel size of the aligned images; null = 2 mm, 1 px.
        margin: Shown around the landmarks; null = 30 mm, 20 px.
    """

    template: Path | None = None
    landmarks: tuple[str, ...] = ()
    spacing: Positive | None = None
    margin: Positive | None = None
