"""Everything that can be set, as frozen dataclasses; their docstrings are what `patchvote VERB --help` prints.

What training, loss, decoding and augmentation take stands in their own rooms; here is what only the door knows.
Validated strictly: unknown keys are refused, "10" is not 10.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from pipeline.cli.column_settings import InputSettings, OutputSettings
from pipeline.cli.data_settings import AlignSettings, CheckSettings, Count, DataSettings, Positive, SimulateSettings
from pipeline.tasks.table import TASKS
from pipeline.training.settings import TrainingSettings

Question = Literal[tuple(TASKS)]  # type: ignore[valid-type]  # the tasks that there are
Device = Annotated[str, Field(pattern=r"^(auto|cpu|cuda(:\d+)?)$", description="auto, cpu, cuda or cuda:N")]
SHARE = "i/N, such as 1/4, or null; of the split, evaluate.part is train, validation or test"
Share = Annotated[str | None, Field(pattern=r"^[1-9]\d*/[1-9]\d*$", description=SHARE)]
Format = Literal["mrk.json", "fcsv", "csv", "nnlandmark", "dicom-sr", "points.json", "png", "voc", "coco", "yolo"]


@dataclass(frozen=True)
class PredictSettings:
    """Which model reads which scans.

    Args:
        model: Folder of a trained model, runs/NAME/model; null = the model of the run.
        input: Scans or folders of scans (-i); null = the test part of the run.
        output: Folder for the answers (-o); null = RUN/PART, the part of the split that is answered.
        table: CSV with a row a scan of -i, for a model that reads columns beside the image.
        part: Only every N-th scan from the i-th on, as 2/4: jobs that answer the N parts into one folder may run side
            by side, and whoever ends last leaves what one call would have left; null = all.
        formats: What is written beside predictions.json: mrk.json and fcsv (3D Slicer, a file a scan), csv (points.csv,
            all scans), nnlandmark (all_landmarks_voxel.json), dicom-sr (of DICOM scans; it names the patient), png (of
            scans planes through each point); of pictures points.json and png (with the points drawn); of boxes in
            pictures png, voc, coco, yolo and csv, in scans mrk.json (ROIs of 3D Slicer). [] = nothing; null = mrk.json
            of scans, points.json and png of pictures.
    """

    model: Path | None = None
    input: tuple[Path, ...] | None = None
    output: Path | None = None
    formats: tuple[Format, ...] | None = None
    table: Path | None = None
    part: Share = None


@dataclass(frozen=True)
class EvaluateSettings:
    """How answers are measured.

    Args:
        part: Which part of the split.
        radii: Success within these distances, mm (landmarks).
        wrong_beyond: Errors beyond this count as a wrong structure, mm; null = not counted (landmarks).
        pairs: A list in the form of LFW's pairs.txt; adds the accuracy of its folds (task=embedding).
        normalise: Two landmarks, such as the eyes; errors are given as a share of the distance between them, too.
        distances: Pairs of landmarks, [[right_ostium,left_ostium],...]; the distances between the two are compared with
            those in the reference (bias, limits of agreement, ICC); [] = none.
        predictions: A predictions.json; null = RUN/PART/predictions.json.
        dataset: A dataset.json with the truth; null = RUN/dataset.json.
        output: Folder for errors.csv and summary.json; null = beside the predictions.
    """

    part: Literal["train", "validation", "test"] = "test"
    radii: tuple[Positive, ...] = (2.0, 2.5, 3.0, 4.0)
    wrong_beyond: Positive | None = None
    pairs: Path | None = None
    normalise: tuple[str, str] | None = None
    distances: tuple[tuple[str, str], ...] = ()
    predictions: Path | None = None
    dataset: Path | None = None
    output: Path | None = None


@dataclass(frozen=True)
class IdentitySettings:
    """Who is meant.

    Args:
        name: The person that enroll adds, or that verify is told it is.
        remove: The person that enroll takes out of the gallery.
        threshold: Largest squared distance (0 to 4) that counts as the same person; null = as validation chose.
    """

    name: str | None = None
    remove: str | None = None
    threshold: Annotated[float, Field(gt=0, le=4)] | None = None


@dataclass(frozen=True)
class OverlaySettings:
    """What is laid on pictures.

    Args:
        filter: glasses, hat, or a PNG of your own with a JSON of the same name beside it that says where its anchors
            lie: {"version": 1, "anchors": {LANDMARK: [x, y], ...}}, two (turned and scaled) or more (any linear map).
        names: What the model calls an anchor, where the two differ: {ANCHOR: LANDMARK}.
        predictions: The predictions.json of the pictures.
    """

    filter: str | Path = "glasses"
    names: dict[str, str] = field(default_factory=dict)
    predictions: Path | None = None


@dataclass(frozen=True)
class ReportSettings:
    """The page.

    Args:
        title: Heading; null = what the page is about, and the name of the run folder.
        output: The file to write; null = RUN/report.html, of another part than test RUN/PART/report.html.
    """

    title: str | None = None
    output: Path | None = None


@dataclass(frozen=True)
class DemoSettings:
    """The demonstration.

    Args:
        out: Folder for phantoms/, run/ and new_scan/.
    """

    out: Path = Path("demo")


@dataclass(frozen=True)
class Settings:
    """One experiment, whole.

    Args:
        experiment: A file of configs/experiment; it holds what differs from the defaults.
        method: A file of configs/method: ours, or a paper's.
        task: What is learned: landmarks, each at most once in an image; boxes, any number of things of some classes;
            one_object, one thing with its class and box, or none; attributes, values of the image as a whole; multi,
            landmarks and such values; embedding, who it shows.
        source: The user's folder of scans and landmarks.
        run: Folder that everything is written into; null = runs/EXPERIMENT.
        device: Where networks run: auto (a GPU if there is one), cpu, cuda (the first GPU) or cuda:N.
        seed: Seed of everything that is drawn at random.
        threads: CPU threads; 0 = all cores that the program may use: fewer under taskset, Slurm or in a container.
        quiet: No progress bars, and no line for each stage (-q). Errors, warnings and results stay.
        levels: Voxel sizes from coarse to fine, mm; original = each scan's own; null = derived from the scans.
        data: How a folder is read.
        gallery: File of the people who are enrolled (enroll, identify, verify).
        inputs: What is given to the network beside the image.
        identity: Whom enroll and verify speak of.
        outputs: What is asked of it beside, or in place of, landmarks.
    """

    __pydantic_config__ = ConfigDict(extra="forbid", allow_inf_nan=False)

    experiment: str | None = None
    method: str = "ours"
    task: Question = "landmarks"  # type: ignore[valid-type]
    source: Path | None = None
    run: Path | None = None
    device: Device = "auto"
    seed: Count = 0
    threads: Count = 0
    quiet: bool = False
    data: DataSettings = field(default_factory=DataSettings)
    gallery: Path | None = None
    identity: IdentitySettings = field(default_factory=IdentitySettings)
    inputs: InputSettings = field(default_factory=InputSettings)
    outputs: OutputSettings = field(default_factory=OutputSettings)
    levels: tuple[Positive | Literal["original"], ...] | None = None
    training: TrainingSettings = field(default_factory=TrainingSettings)
    check: CheckSettings = field(default_factory=CheckSettings)
    simulate: SimulateSettings = field(default_factory=SimulateSettings)
    predict: PredictSettings = field(default_factory=PredictSettings)
    evaluate: EvaluateSettings = field(default_factory=EvaluateSettings)
    overlay: OverlaySettings = field(default_factory=OverlaySettings)
    align: AlignSettings = field(default_factory=AlignSettings)
    report: ReportSettings = field(default_factory=ReportSettings)
    demo: DemoSettings = field(default_factory=DemoSettings)
