"""Classes of boxes and words of a table that differ in capitals, blanks or dashes alone: likely one, learned apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pipeline.data.columns import OF_WORDS, words_in
from pipeline.data.dataset import Dataset
from pipeline.data.findings import Finding
from pipeline.data.landmark_names import plain


def check_spellings(dataset: Dataset) -> list[Finding]:
    """A warning for those that are probably one; they stay as they are, for two classes may well be called so."""
    findings = []
    for what, count in _counted(dataset):
        alike: dict[tuple[str, bool, bool], list[str]] = {}
        for word in sorted(count):
            alike.setdefault((plain(word), word.startswith("-"), word.endswith("-")), []).append(word)  # A is not A-
        groups = [words for words in alike.values() if len(words) > 1]
        if groups:
            listed = ", ".join(" and ".join(f"'{word}' ({count[word]}x)" for word in words) for words in groups)
            text = f"{what} {listed}: alike but for capitals, blanks or dashes, and learned apart."
            findings.append(Finding("spelling", "warning", None, text, "If they are one, write it one way everywhere."))
    return findings


def _counted(dataset: Dataset) -> Iterator[tuple[str, Counter[str]]]:
    """What words are of, and how often each is there."""
    yield "classes", Counter(box.label for case in dataset.cases for box in case.boxes or ())
    for column in (c for c in (*dataset.inputs, *dataset.outputs) if c.kind in OF_WORDS):
        said = [case.values[column.name] for case in dataset.cases if column.name in case.values]
        yield f"words of column '{column.name}'", Counter(word for value in said for word in words_in(value))
