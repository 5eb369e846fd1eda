"""Which columns of a table are given to a network, and which are asked of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class InputSettings:
    """Columns of the table that are given to the network beside the image. A missing value is no fault.

    Args:
        numbers: Columns of numbers.
        logarithms: Columns of numbers above 0 of which relative differences count.
        classes: Columns of one word of a few.
        labels: Columns of several words a|b.
        texts: Columns of text.
    """

    numbers: tuple[str, ...] = ()
    logarithms: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()


@dataclass(frozen=True)
class OutputSettings:
    """Columns of the table that are asked of the network (task=attributes). Where a value is missing, the case teaches
    the others.

    Args:
        numbers: Columns of numbers.
        logarithms: Columns of numbers above 0 of which relative differences count, such as a price.
        classes: Columns of one word of a few.
        labels: Columns of several words a|b.
    """

    numbers: tuple[str, ...] = ()
    logarithms: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
