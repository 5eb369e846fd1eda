"""The verbs: what each does, an example that works, and which settings it reads. Data alone, so that help is quick."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Verb:
    """One word after `patchvote`.

    Args:
        name: The word.
        does: One line.
        example: A command as it is typed. In a fresh folder those of scans work one after the other, in this order;
            those of faces (enroll, identify, verify, overlay) need pictures and models of faces.
        keys: Settings and sections that it reads.
        sections: Sections whose keys may be written without their name; the first that has the key is meant.
        then: What it leaves on disk.
        borrows: Of the keys, those that other verbs decide: `config.yaml` of the run keeps what these said.
        anew: Whether it begins anew where it was interrupted; the others go on where they stopped.
        calls: Verbs that it calls one after the other, with all settings.
        needs: Settings without which it does nothing.
        meanings: By key, what it means to this verb, where the settings say what it means to others.
    """

    name: str
    does: str
    example: str
    keys: tuple[str, ...]
    sections: tuple[str, ...]
    then: str
    borrows: tuple[str, ...] = ()
    anew: bool = False
    calls: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    meanings: Mapping[str, str] = field(default_factory=dict)

    @property
    def decides(self) -> tuple[str, ...]:
        """Settings and sections that `config.yaml` of a run has from it."""
        return tuple(key for key in self.keys if key not in self.borrows)

    def reads(self, key: str) -> bool:
        """Whether it reads a key, or something of a section."""
        own = any(key == known or key.startswith(f"{known}.") or known.startswith(f"{key}.") for known in self.keys)
        return own or key in ALWAYS


ALWAYS = ("quiet",)  # is read by every verb
RUN = ("experiment", "run")
READING = ("data.frame", "data.images", "data.series_uid")
TRAINING = ("device", "seed", "threads", "training")
MEASURED = tuple(f"evaluate.{key}" for key in ("part", "radii", "wrong_beyond", "pairs", "normalise", "distances"))
ASKING = ("device", "threads")  # of a model
RECOGNISING = ("gallery", "identity.threshold", "predict.model", "predict.input", "predict.output", *ASKING)
PHANTOMS = {
    "seed": "Seed of the first case; each further case has the next number, and the same number draws the same case."
    " For cases that another folder does not have, begin beyond its own, such as at seed=1000."
}
FACES = {"predict.input": "Images or folders of images (-i)."}
ANSWERED = {"predict.output": "Folder for the answers (-o); null = they are printed and not written."}
ALIGNED = {
    "predict.model": "Folder of a model that finds the landmarks of -i, runs/NAME/model; null = source has them.",
    "predict.input": "Images or folders of images (-i) for predict.model; null = the images of source.",
    "predict.output": "Folder for the aligned images (-o).",
}
CHAIN = ("import", "check", "preprocess", "train", "predict", "evaluate", "report")
VERBS = (
    Verb(
        "simulate",
        "draw phantoms whose landmarks are known exactly",
        "patchvote simulate out=phantoms cases=12 fov_mm=100 spacing_mm=1.0",
        ("simulate", "seed", "threads"),
        ("simulate",),
        "OUT/images/ID.nii.gz and OUT/landmarks/ID.mrk.json",
        meanings=PHANTOMS,
    ),
    Verb(
        "import",
        "find the scans and landmarks of a folder and split them by subject",
        "patchvote import experiment=my_landmarks source=phantoms run=runs/mine",
        (*RUN, "source", "task", "data", "inputs", "outputs"),
        ("data",),
        "RUN/dataset.json",
        anew=True,
    ),
    Verb(
        "check",
        "say what is wrong with scans or landmarks, before anything is trained",
        "patchvote check run=runs/mine",
        (*RUN, "data.strict", "check", "method", *TRAINING),
        ("data", "check", "training"),
        "RUN/findings.json; cases with an error are left out from here on. --with-model: RUN/suspects/",
        ("method", *TRAINING),
    ),
    Verb(
        "preprocess",
        "resample every case to the voxel sizes of the levels",
        "patchvote preprocess run=runs/mine",
        (*RUN, "levels", "threads", "method"),
        (),
        "RUN/prepared/",
        ("threads", "method"),
    ),
    Verb(
        "train",
        "train all levels within a budget of minutes",
        "patchvote train run=runs/mine training.minutes=1",
        (*RUN, "method", *TRAINING),
        ("training",),
        "RUN/model/, RUN/history.csv, RUN/resume/",
    ),
    Verb(
        "predict",
        "find the landmarks in new scans, or in the test part of a run",
        "patchvote predict model=runs/mine/model -i phantoms/images -o answers",
        ("run", "predict", "evaluate.part", "device", "threads", "data.series_uid", "data.pseudonyms"),
        ("predict", "evaluate"),
        "OUT/predictions.json, OUT/ID.mrk.json (opens in 3D Slicer; of pictures ID.png), OUT/run_report.json;"
        " OUT/failures.csv of scans that failed",
        ("device", "threads", "data.series_uid", "data.pseudonyms"),
    ),
    Verb(
        "evaluate",
        "measure predictions against the reference",
        "patchvote predict run=runs/mine && patchvote evaluate run=runs/mine",
        (*RUN, "evaluate"),
        ("evaluate",),
        "RUN/test/errors.csv and RUN/test/summary.json (evaluate.part=validation: RUN/validation)",
        anew=True,
    ),
    Verb(
        "report",
        "make one HTML page of tables, curves and pictures",
        "patchvote report run=runs/mine",
        (*RUN, "report", "evaluate.part"),
        ("report", "evaluate"),
        "RUN/report.html",
        anew=True,
    ),
    Verb(
        "enroll",
        "add a person to a gallery, from one image or more, or take one out (remove=ID)",
        "patchvote enroll model=runs/faces_att/model gallery=people -i FACE.png name=ID",
        ("run", "gallery", "identity.name", "identity.remove", "predict.model", "predict.input", *ASKING),
        ("identity", "predict"),
        "GALLERY, a file without images",
        anew=True,
        meanings=FACES,
    ),
    Verb(
        "identify",
        "say who each image shows, of the people in a gallery, or that nobody is recognised",
        "patchvote identify model=runs/faces_att/model gallery=people -i FACES -o who",
        ("run", *RECOGNISING),
        ("identity", "predict"),
        "OUT/identities.csv and OUT/run_report.json, if -o says where",
        anew=True,
        meanings=FACES | ANSWERED,
    ),
    Verb(
        "verify",
        "say whether an image shows the person that it is said to show",
        "patchvote verify model=runs/faces_att/model gallery=people -i FACE.png name=ID",
        ("run", "identity.name", *RECOGNISING),
        ("identity", "predict"),
        "OUT/identities.csv and OUT/run_report.json, if -o says where",
        anew=True,
        meanings=FACES | ANSWERED,
    ),
    Verb(
        "align",
        "turn and move images so that their landmarks lie alike: those of a folder, or those that a model finds",
        "patchvote align source=phantoms -o aligned",
        ("source", "predict.model", "predict.input", "predict.output", *READING, "align", *ASKING),
        ("align", "predict", "data"),
        "OUT/images/, OUT/subjects.csv, OUT/aligned.csv, OUT/template.json, OUT/run_report.json;"
        " OUT/split.csv if the source has a split",
        anew=True,
        needs=("predict.output",),
        meanings=ALIGNED,
    ),
    Verb(
        "overlay",
        "lay a picture with transparency, such as glasses, on pictures by the landmarks found in them",
        "patchvote overlay -i FACES predictions=answers/predictions.json filter=glasses -o worn",
        ("predict.input", "predict.output", "overlay"),
        ("overlay",),
        "OUT/ID.png, OUT/run_report.json",
        anew=True,
        needs=("predict.input", "predict.output"),
        meanings={
            "predict.input": "Pictures or folders of them (-i).",
            "predict.output": "Folder for the pictures (-o).",
        },
    ),
    Verb(
        "run",
        "import, check, preprocess, train, predict the test part, evaluate and report in one go",
        "patchvote run experiment=my_landmarks source=phantoms run=runs/other training.minutes=1",
        (
            *(*RUN, "source", "task", "method", "levels", *TRAINING, "data", "inputs", "outputs"),
            *("check.same_patient", "predict.formats", *MEASURED, "report"),
        ),
        ("data", "training"),
        "RUN/report.html and all that lies before it; run it again and it goes on where it stopped",
        calls=CHAIN,
    ),
    Verb(
        "demo",
        "simulate phantoms, `run` on them, then `predict` on a new scan",
        "patchvote demo out=demo",
        ("demo", "simulate", "method", "levels", *TRAINING),
        ("demo", "simulate", "training"),
        "OUT/phantoms/, OUT/run/report.html, OUT/new_scan/",
        calls=("simulate", *CHAIN),
    ),
)
NAMES = tuple(verb.name for verb in VERBS)


def verb_named(name: str) -> Verb | None:
    """The verb of that name."""
    return next((verb for verb in VERBS if verb.name == name), None)
