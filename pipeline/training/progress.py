"""What is said while levels learn: of one, the share of the budget, loss and validation error, in a bar; and which end
the model before the last."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import TextIO

from pipeline.data.progress_bar import progress_bar
from pipeline.tasks.names import LENGTH
from pipeline.training.loop import LevelState


def size_in_words(spacing: float | None, unit: str = "") -> str:
    """A voxel size of the levels.

    >>> size_in_words(1.5, "mm"), size_in_words(None, "mm")
    ('1.5 mm', 'original')
    """
    return "original" if spacing is None else f"{spacing:g} {unit}".strip()


def left_out(spacings: Sequence[float | None], unit: str, errors: tuple[float, float], levels: int) -> str:
    """Why a model ends before the last of the levels.

    Args:
        spacings: Of the levels, to the first that is left out.
        errors: Validation error before that one and with it.
        levels: How many there would have been.

    Examples:
        >>> left_out((2.0, 1.0, 1.0), "mm", (0.5, 0.6), 3).partition(" (")[0]
        'another look at 1 mm tells no more'
        >>> left_out((4.0, 2.0, 1.0), "mm", (0.5, 0.5), 3).rpartition("; ")[2]
        'levels=[4,2] gives all the time to these'
    """
    number, coarse, fine = len(spacings) - 1, *spacings[-2:]
    what, instead = (
        f"another look at {size_in_words(fine, unit)} tells no more",
        f"training.looks={spacings.count(fine) - 1}, and {size_in_words(fine)} once in levels,",
    )
    if coarse != fine:
        what = f"the voxel size {size_in_words(fine, unit)} tells no more than {size_in_words(coarse, unit)}"
        instead = f"levels=[{','.join(map(size_in_words, spacings[:-1]))}]"
    return (
        f"{what} (validation error {errors[1]:.3g}, {errors[0]:.3g}): the model ends with {number} of {levels} levels;"
        f" {instead} gives all the time to these"
    )


class Progress:
    """A bar in percent of the budget, on `stream`.

    Args:
        unit: Of the voxel size.
        of_error: Unit of the validation error; "" = it has none.
        at_once: The other levels learn beside it.
    """

    def __init__(
        self,
        number: int,
        levels: int,
        spacing: float | None,
        unit: str,
        stream: TextIO,
        of_error: str = "",
        at_once: bool = False,
    ) -> None:
        self.unit = f" {of_error}" if of_error else ""
        layout = "{l_bar}{bar}| {elapsed}<{remaining}{postfix}"
        self.bar = progress_bar(
            total=100,
            desc=f"train level {number + 1}/{levels} ({size_in_words(spacing, unit)}){' and all others' * at_once}",
            file=stream,
            bar_format=layout,
            mininterval=1.0,
        )

    def __enter__(self) -> Progress:
        return self

    def show(self, state: LevelState, loss: float) -> None:
        """After a step."""
        said = f"step {state.budget.step}, loss {loss:.3f}"
        if state.history:
            best = next(row for row in state.history if row["error"] == state.best_error)
            last, least = (row.get(LENGTH, row["error"]) for row in (state.history[-1], best))
            said += f", validation {last:.2f}{self.unit} (best {least:.2f})"
        self.bar.set_postfix_str(said, refresh=False)
        self.bar.update(max(0, 100 * state.budget.fraction - self.bar.n))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bar.close()
