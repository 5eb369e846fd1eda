"""Names that mean something to a network or its losses, so that no column of a table and no view may be called so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipeline.data.columns import Column
from pipeline.data.landmark_names import spelled

LANDMARKS, BOXES = "landmarks", "boxes"  # the parts of the loss beside those of the values
LENGTH = "landmarks_error"  # in a row of history.csv whose "error", by which the best weights are chosen, is no length
INPUTS = {"image": "the image itself"}
LOSSES = {"total": "the sum of all losses"}
BESIDE = {LANDMARKS: "the loss of the landmarks", BOXES: "the loss of the boxes"} | {
    name: f"the landmarks' loss of {name}" for name in ("belief", "displacement", "presence")
}


def clash(inputs: Sequence[Column], outputs: Sequence[Column], views: Mapping[str, str], task: str) -> str | None:
    """What is wrong with these names, if anything: of two things of one name, one would take the place of the other.

    Args:
        views: The first is the image itself, and may be called anything.
        task: Its name.

    Examples:
        >>> clash((), (Column("total", "number"),), {}, "attributes")
        "outputs: a column cannot be called 'total', which is the sum of all losses. Call it otherwise in the table."
    """
    names = [spelled(column.name) for column in (*inputs, *outputs)]  # a table has one column of that look
    if twice := sorted({name for name in names if names.count(name) > 1}):
        return f"inputs, outputs: column '{twice[0]}' is named twice; name it once, of one kind."
    asked, given, shown = [c.name for c in outputs], [c.name for c in inputs], list(views)[1:]
    taken = LOSSES | (BESIDE if task == "multi" else {})
    for key, called, others in (("outputs", asked, taken), ("inputs", given, INPUTS)):
        for name in set(called) & others.keys():
            return (
                f"{key}: a column cannot be called '{name}', which is {others[name]}. Call it otherwise in the table."
            )
    for view in shown:
        if other := ({name: "a column of inputs" for name in given} | INPUTS).get(view):
            return f"data.views.{view}: cannot be called so, which is {other}. Call the view otherwise."
    return None
