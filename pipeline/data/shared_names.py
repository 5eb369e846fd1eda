"""Names of classes or words that answers and reference share: where they share none, nothing could be right."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence, Set

from pipeline.data.columns import NUMBERS, Column, Value, words_in
from pipeline.data.csv_rows import some
from pipeline.data.value_predictions import ValueAnswer
from pipeline.errors import DataError


def require_shared(said: Set[str], known: Set[str], what: str, where: str, alone: bool = True) -> None:
    """Make sure that answers and reference have a name in common; those that only one of them has are told on stderr.

    Args:
        said: Names in the answers.
        known: Names in the reference. Where either has none, nothing is compared.
        what: They name, such as "class".
        where: Both files.
        alone: Nothing else is measured, and the answers list all names that they could have; else it is only told that
            none is in common.

    Raises:
        DataError: They have none in common.
    """
    if not said or not known:
        return
    mine, theirs = sorted(said - known), sorted(known - said)
    if not said & known:
        both = f"the answers have {some(mine)}, the reference has {some(theirs)}"
        if alone:
            raise DataError(f"{where}: no {what} in common: {both}. Call them alike in both.")
        print(f"{where}: no {what} in common, so none is right: {both}. Are they called alike?", file=sys.stderr)
        return
    if mine:
        print(f"{where}: no {what} of the reference, so never right: {some(mine)}", file=sys.stderr)
    if theirs:
        print(f"{where}: no {what} of the answers, so never found: {some(theirs)}", file=sys.stderr)


def require_shared_words(
    columns: Sequence[Column],
    answers: Iterable[Mapping[str, ValueAnswer]],
    known: Sequence[Mapping[str, Value]],
    where: str,
    alone: bool = True,
) -> None:
    """The same of the words of each column. Answers without beliefs do not list the words that they could have said, so
    that of them it is only told.

    Raises:
        DataError: Those of a column have none in common.
    """
    rows = list(answers)
    for name in (column.name for column in columns if column.kind not in NUMBERS):
        told = [row[name] for row in rows if name in row]
        mine = {word for answer in told for word in (*answer.beliefs, *words_in(answer.value))}
        theirs = {word for row in known if name in row for word in words_in(row[name])}
        listed = all(answer.beliefs for answer in told)
        require_shared(mine, theirs, f"word of column '{name}'", where, alone and listed)
