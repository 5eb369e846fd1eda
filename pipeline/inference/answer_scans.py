"""Many scans, one after the other: what was answered before is kept, and a scan that fails costs itself alone."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from functools import cached_property, partial
from pathlib import Path

from pipeline.data.atomic import fingerprint
from pipeline.data.findings import Finding
from pipeline.data.image import Image
from pipeline.data.kept_answers import AnswerFiles, KeptAnswers
from pipeline.data.predictions import Answer
from pipeline.data.progress_bar import progress_bar
from pipeline.data.read_ahead import read_ahead
from pipeline.data.read_apart import read_safely
from pipeline.data.readers import unit_of
from pipeline.data.scan_facts import digest_at, stamp_of
from pipeline.data.scan_remarks import remarks_on
from pipeline.data.write_behind import WriteBehind
from pipeline.errors import in_words
from pipeline.inference.answering import Answering
from pipeline.inference.beside import Beside
from pipeline.inference.content import Content
from pipeline.inference.extent import extent_remarks

WRITING = "writing its answers"
Cut = Callable[[Path, str, Image, Mapping[str, Answer]], Callable[[], None]]


@dataclass
class Said:
    """Answers that are kept, why scans have none, why files of answers could not be written, how long each took, and
    what files lack."""

    cases: dict[str, Content] = field(default_factory=dict)
    unanswered: dict[str, str] = field(default_factory=dict)
    unwritten: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    lacking: list[Finding] = field(default_factory=list)

    @property
    def failures(self) -> dict[str, str]:
        """Why scans did not come through."""
        return self.unanswered | self.unwritten


@dataclass(frozen=True)
class ScanQuestions:
    """All that is asked in one call.

    Args:
        asked: How the model is asked, and what is written.
        by: Fingerprint of the model and the program.
        scans: By case.
        beside: What is known beside each.
        kept: Answers of earlier calls.
        files: Names of the files of a case.
        cut: Cuts planes through the answers out of a scan; what it returns writes them.
        measured: The scans are cases of a data set; their bytes are summed, so that `evaluate` tells a copy from
            another scan. That reads them once more.
    """

    asked: Answering
    by: str
    scans: Mapping[str, Path]
    beside: Mapping[str, Beside]
    kept: KeptAnswers
    files: AnswerFiles
    cut: Cut
    measured: bool = False

    @cached_property
    def stamps(self) -> dict[str, str]:
        """Of the scans, before anything is read."""
        return {name: stamp_of(path) for name, path in self.scans.items()}

    @cached_property
    def view_stamps(self) -> dict[str, dict[str, str]]:
        """Of the other images of each case by what they show, as early."""
        return {name: {view: stamp_of(p) for view, p in self.beside[name].views.items()} for name in self.scans}

    @cached_property
    def made_of(self) -> dict[str, str]:
        """Of what an answer depends on, by case."""
        return {name: self._made_of(name, path) for name, path in self.scans.items()}

    def _made_of(self, name: str, path: Path) -> str:
        beside, stamps = self.beside[name], self.view_stamps[name]
        views = [[view, str(p), stamps[view]] for view, p in beside.views.items()]
        told = [dict(beside.values), views, beside.problem]
        return fingerprint([self.by, os.path.realpath(path), self.stamps[name], told])

    def known(self, names: Iterable[str]) -> dict[str, Content]:
        """Answers of earlier calls that still hold."""
        read = {name: self.kept.read(name) for name in names}
        return {name: content for name, content in read.items() if content.get("made_of") == self.made_of[name]}

    def answer(self, names: Iterable[str]) -> Said:
        """Answer these scans, and write what shows it of each."""
        names, said = list(names), Said()
        for name, content in self.known(names).items():
            said.cases[name] = content
            try:
                self._write(said, name, content)
            except Exception as error:  # as below: a format that this scan cannot be written in costs no other scan
                said.unwritten[name] = in_words(error, self.scans[name], WRITING)
        new = {name: self.scans[name] for name in names if name not in said.cases}
        start, before = time.perf_counter(), len(said.cases)
        with WriteBehind() as behind:
            for name, image in progress_bar(read_ahead(new), "predict", len(names), initial=before, file=sys.stderr):
                try:
                    content = self._answer(name, image.result())
                    said.seconds[name] = round(time.perf_counter() - start, 3)
                    draw = self._cut(name, content, image.result()) if self._drawn(name) else None
                    behind.write(name, partial(self._write, said, name, content, draw))
                except Exception as error:  # a fault of a library, or too little memory, must not cost the other scans
                    said.unanswered[name] = in_words(error, self.scans[name], "answering")
                start = time.perf_counter()
        said.unwritten |= {n: in_words(error, self.scans[n], WRITING) for n, error in behind.failures.items()}
        said.cases = {name: said.cases[name] for name in names if name in said.cases}
        return said

    def _views(self, name: str) -> dict[str, dict[str, str | None]]:
        """What the other images of a case are, as `stamp` and `sha256` say of the first."""
        images, stamps = self.beside[name].views, self.view_stamps[name]
        return {view: {"stamp": stamps[view], "sha256": digest_at(p, stamps[view])} for view, p in images.items()}

    def _answer(self, name: str, image: Image) -> Content:
        odd = extent_remarks(name, image.frame, self.asked.model.calibration.largest)
        remarks = [asdict(remark) for remark in (*remarks_on(name, image), *odd)]
        said = {**self.asked.answer(image, self.beside[name]), "remarks": remarks}
        return said | ({"beyond": list(image.beyond)} if image.beyond else {})

    def _drawn(self, name: str) -> bool:
        return "png" in self.files.formats and unit_of(self.scans[name]) == "mm"

    def _cut(self, name: str, content: Content, image: Image) -> Callable[[], None]:
        try:
            return self.cut(self.kept.out, name, image, {n: Answer(**a) for n, a in content["answers"].items()})
        except Exception as error:  # told where the picture would be written: the answer itself is none the worse
            return partial(_raise, error)

    def _write(self, said: Said, name: str, content: Content, draw: Callable[[], None] | None = None) -> None:
        scan = self.scans[name]
        whole = {**content, "made_of": self.made_of[name], "by": self.by, "stamp": self.stamps[name]}
        if self.measured:
            whole |= {"sha256": content.get("sha256") or digest_at(scan, self.stamps[name])}
            if self.view_stamps[name]:
                whole |= {"views": content.get("views") or self._views(name)}
        self.kept.write(name, whole, scan, [*self.files.of_case(name), *self.files.tables()])
        said.cases[name] = content  # from here on nothing that fails takes it away
        with ExitStack() as each:  # is called though what follows fails
            if self._drawn(name):  # the planes of a new answer were cut while its scan was in memory
                each.callback(draw or (lambda: self._cut(name, content, read_safely(scan))()))
            said.lacking += self.asked.write_case(self.kept.out, name, content, scan)


def _raise(error: Exception) -> None:
    raise error
