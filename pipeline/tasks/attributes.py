"""The attributes task: values of an image as a whole, each a number, a class, or any of several labels.

Letters: B batch, W numbers that stand for a value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pipeline.data.columns import NUMBERS
from pipeline.data.encoders import Encoder, encoder_of
from pipeline.data.store import LevelArray
from pipeline.losses.values import classes_entropy, labels_entropy, numbers_l1
from pipeline.metrics.values import error_of, measure_column
from pipeline.networks.heads import Head
from pipeline.networks.network import PatchNetwork
from pipeline.tasks.ask import said_of_whole
from pipeline.tasks.asked import Asked
from pipeline.tasks.mix import EVERYTHING, Mix, best_mixes, mixed, parts_of
from pipeline.tasks.settings import AttributeSettings
from pipeline.tasks.truth import Truth
from pipeline.tasks.values_found import ValuesFound

MEANS = 4  # over the patches, each under shares of its own
LOSSES = {"number": numbers_l1, "logarithm": numbers_l1, "class": classes_entropy, "labels": labels_entropy}


@dataclass(frozen=True)
class AttributesTask:
    """How values are taught and answered.

    Args:
        outputs: The columns, as fitted on the training cases.
        settings: Weights.
        mixes: How the answers to all that is known and to less are mixed, by value; None = not chosen yet.
    """

    outputs: tuple[Encoder, ...]
    settings: AttributeSettings = field(default_factory=AttributeSettings)
    mixes: Mapping[str, Mix] | None = None

    @classmethod
    def new(cls, asked: Asked, settings: Any) -> AttributesTask:
        return cls(asked.outputs, settings.attributes)

    @classmethod
    def of_content(cls, content: Mapping[str, Any]) -> AttributesTask:
        outputs = tuple(encoder_of(column) for column in content["outputs"])
        said = content.get("mixes", {})  # none: an early model, which reads everything at once
        mixes = None if said is None else {name: (mix[0], mix[1], mix[2]) for name, mix in said.items()}
        return cls(outputs, AttributeSettings(**content["attributes"]), mixes)

    def content(self) -> dict[str, Any]:
        mixes = None if self.mixes is None else {name: list(mix) for name, mix in self.mixes.items()}
        asked = {"outputs": [asdict(column) for column in self.outputs], "attributes": asdict(self.settings)}
        return asked | {"mixes": mixes}

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(output.column.name for output in self.outputs)

    def parts(self, number: int) -> dict[str, float]:
        """Each value, and its weight."""
        return {name: self.settings.weights.get(name, 1.0) for name in self.names}

    def heads(self, dims: int, number: int) -> dict[str, Head]:
        """One head a value; a class needs a number for each word."""
        means, places = (MEANS, 1) if self.settings.places is None else (0, self.settings.places)
        return {head_of(n): Head(_width(o), whole=True, means=means, places=places) for n, o in enumerate(self.outputs)}

    def at(self, patches: Sequence[float], stride: int, number: int) -> AttributesTask:
        """The task of one of several levels: all are taught alike."""
        return self

    def losses(
        self, network: PatchNetwork, image: Tensor, outputs: dict[str, Tensor], truth: Truth
    ) -> dict[str, Tensor]:
        """Loss of each value by its name, over the samples that have it; "total" is their weighted sum."""
        terms = {}
        for n, output in enumerate(self.outputs):
            name = output.column.name
            terms[name] = LOSSES[output.column.kind](outputs[head_of(n)], truth.values[name])
        parts = self.parts(0)
        return terms | {"total": torch.stack([parts[name] * term for name, term in terms.items()]).sum()}

    @torch.no_grad()
    def locate(
        self,
        network: PatchNetwork,
        level: LevelArray,
        prior: ValuesFound | None = None,
        search: float = np.inf,
        blend: float = 0.0,
        least: float = 0.0,
    ) -> ValuesFound:
        """What one image's values are: the mean over the networks of all levels."""
        parts = parts_of(level)
        asked = [len(parts) == 1 or self._has_a_share(number) for number in range(len(parts))]
        said = [self.decoded(said_of_whole(network, p)).said if a else None for p, a in zip(parts, asked, strict=True)]
        kept = tuple(part for part in said if part is not None) if self.mixes is None else ()
        found = ValuesFound(mixed(said, self.mixes or {}), kept)
        return found if prior is None else prior.with_another(found)

    def _has_a_share(self, part: int) -> bool:
        """Whether any value has one of the answer to that part; until shares are chosen, every part may have."""
        return self.mixes is None or any(mix[part] > 0 for mix in self.mixes.values() or [EVERYTHING])

    def decoded(self, said: Mapping[str, Tensor]) -> ValuesFound:
        """Values from what the heads said of one image, (1, W) each."""
        found = {}
        for n, output in enumerate(self.outputs):
            numbers = said[head_of(n)][0]
            kind = output.column.kind
            chance = numbers if kind in NUMBERS else numbers.softmax(0) if kind == "class" else numbers.sigmoid()
            found[output.column.name] = chance.double().cpu().numpy()
        return ValuesFound(found)

    def measure(self, cases: Sequence[Any], found: Mapping[str, ValuesFound]) -> dict[str, float]:
        """Numbers of each value; "error" is the mean over the values of how much worse than perfect they are."""
        numbers: dict[str, float] = {}
        errors = []
        found = self._with_best_mixes(cases, found)
        for output in self.outputs:
            name = output.column.name
            truth = [output.value(case.values[name]) for case in cases]
            said = [output.answer(found[case.id].said[name]) for case in cases]
            if of_column := measure_column(output.column, truth, said):
                errors.append(error_of(output.column, of_column, output.sd))
                numbers |= {f"{name}.{key}": value for key, value in of_column.items()}
        return {"error": float(np.mean(errors)) if errors else 0.0, **numbers}

    def _with_best_mixes(self, cases: Sequence[Any], found: Mapping[str, ValuesFound]) -> Mapping[str, ValuesFound]:
        """Answers to parts, mixed as these cases would choose."""
        said = [found[case.id].parts for case in cases]
        if all(len(parts) < 2 for parts in said):
            return found
        mixes = best_mixes(self.outputs, [case.values for case in cases], said)
        return {case.id: ValuesFound(mixed(parts, mixes)) for case, parts in zip(cases, said, strict=True)}


def head_of(number: int) -> str:
    """Its name; that of the column may hold what names of layers may not."""
    return f"value{number}"


def _width(output: Encoder) -> int:
    return 1 if output.column.kind in NUMBERS else len(output.words)
