"""What the verbs do that tell who an image shows: enroll, identify, verify."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from pipeline.cli.given import run_of
from pipeline.cli.outcome import Outcome, counted, table_from
from pipeline.cli.settings import Settings
from pipeline.data.csv_rows import some
from pipeline.data.gallery import NOBODY, called
from pipeline.data.run_report import REPORT
from pipeline.errors import ConfigError


def enroll(settings: Settings) -> Outcome:
    """Add images of a person to the gallery, or take a person out."""
    from pipeline.stages.identify import enroll as add
    from pipeline.stages.identify import remove

    gallery, name = _gallery(settings), settings.identity.name
    if settings.identity.remove is not None and (name or settings.predict.input):
        raise ConfigError("enroll: remove=ID takes a person out and adds nobody: give name=ID -i IMAGE in another call")
    if settings.identity.remove is not None:
        left = remove(_model(settings), gallery, settings.identity.remove)
        note = f"'{called(settings.identity.remove)}' removed; {_people(left)} in {gallery}"
        return Outcome(note, (note,))
    if not name or not settings.predict.input:
        raise ConfigError("enroll: say whom, by which image: name=ID -i IMAGE (or remove=ID)")
    people = add(_model(settings), gallery, settings.predict.input, name, settings.device, settings.threads)
    note = f"'{called(name)}' enrolled; {_people(people)} in {gallery}"
    return Outcome(note, (note,))


def identify(settings: Settings) -> Outcome:
    """Who it is, of everybody in the gallery; or not recognised."""
    return _asked(settings, None)


def verify(settings: Settings) -> Outcome:
    """Whether it is the person that is claimed."""
    if not settings.identity.name:
        raise ConfigError("verify: say who it is said to be: name=ID")
    return _asked(settings, settings.identity.name)


def _asked(settings: Settings, claimed: str | None) -> Outcome:
    from pipeline.stages.identify import identify as stage

    if not settings.predict.input:
        raise ConfigError("say which images: -i IMAGE_OR_FOLDER")
    which = _model(settings), _gallery(settings), settings.predict.input, settings.predict.output
    answers, failed = stage(*which, claimed, settings.identity.threshold, settings.device, settings.threads)
    yes, no = ("yes", "no") if claimed else (None, NOBODY)
    said = [(yes or a.name) if a.name else no for a in answers]
    shown = _called([a.image for a in answers])
    rows = [(shown[a.image], word, f"{a.distance:.3f}", a.nearest) for a, word in zip(answers, said, strict=True)]
    kept = (settings.predict.output / REPORT,) if settings.predict.output else ()
    title = f"is it {called(claimed)}?" if claimed else "who is it?"
    note = f"{counted(len(answers), 'image')}, {sum(a.name is not None for a in answers)} recognised"
    tied = [a for a in answers if a.name and a.as_near]
    ties = [f"{shown[a.image]}: as near as '{a.nearest}' is {some(a.as_near)}" for a in tied]
    return Outcome(note, (table_from(("image", title, "distance", "nearest"), rows), *ties, note), failed, kept)


def _called(images: Sequence[Path]) -> dict[Path, str]:
    """By their names, or where two have one by their paths."""
    names = Counter(image.name for image in images)
    return {image: image.name if names[image.name] == 1 else str(image) for image in images}


def _people(number: int) -> str:
    return "1 person" if number == 1 else f"{number} people"


def _model(settings: Settings) -> Path:
    return settings.predict.model or run_of(settings) / "model"


def _gallery(settings: Settings) -> Path:
    if settings.gallery is None:
        raise ConfigError("say which gallery: gallery=FILE")
    return settings.gallery
