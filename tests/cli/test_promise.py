"""What a model cannot promise of its answers is said when it is trained."""

import pytest

from pipeline.cli.promise import promise
from pipeline.data.atomic import write_sealed

OUTPUTS = [
    {"column": {"name": name, "kind": kind}}
    for name, kind in (("age", "number"), ("price", "logarithm"), ("side", "class"))
]


@pytest.mark.parametrize(
    ("task", "calibration", "said"),
    [
        ("attributes", {"margins": {}}, ["no range will be given of 'age', 'price': 18 validation cases gave"]),
        ("attributes", {"margins": {"age": 1.5}}, ["no range will be given of 'price': 18 validation cases"]),
        ("attributes", {}, ["no range will be given of 'age', 'price'"]),  # of an early version
        ("attributes", {"margins": {"age": 1.5, "price": 0.1}}, []),
        (
            "multi",
            {"margins": {"age": 1.5}},
            ["no radius95 will be given: 18", "no range will be given of 'price'"],
        ),
        ("multi", {"margins": {}, "threshold": 1.1}, ["The model finds no landmark", "no range will be given"]),
    ],
)
def test_numbers_without_a_range_are_told(tmp_path, task, calibration, said):
    content = {"task": task, "outputs": OUTPUTS, "calibration": {"radius": None, "cases": 18} | calibration}
    write_sealed(tmp_path / "model.json", content)
    told = promise(tmp_path)
    assert len(told) == len(said) and all(line.startswith(start) for line, start in zip(told, said, strict=True))


def test_what_to_do_is_said_of_a_model_without_a_range(tmp_path):
    content = {"task": "attributes", "outputs": OUTPUTS, "calibration": {"radius": None, "cases": 1, "margins": {}}}
    write_sealed(tmp_path / "model.json", content)
    assert promise(tmp_path)[0].endswith(
        "1 validation case gave too few answers (values of 19 cases are needed). Annotate more scans, or give"
        " validation a larger share (data.fractions)."
    )
