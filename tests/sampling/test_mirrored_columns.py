"""In a mirror left is right: for columns and views whose names say a side."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from pipeline.data.columns import Column
from pipeline.data.encoders import Encoder
from pipeline.errors import ConfigError
from pipeline.sampling.augment import AugmentSettings
from pipeline.sampling.mirror import mirrored
from pipeline.sampling.source import Source
from pipeline.sampling.twins import Twins, exchanged

MIRROR = AugmentSettings(mirror=0.5)
NO_IMAGE = Source(np.zeros((1, 9), np.float32), np.empty((0, 1)), np.empty(0, bool))
SIDED = [
    Encoder(Column("left_volume", "number"), mean=10.0, sd=2.0),
    Encoder(Column("right_volume", "number"), mean=40.0, sd=5.0),
    Encoder(Column("eye_L", "class"), words=("open", "shut")),
    Encoder(Column("eye_R", "class"), words=("half", "open", "shut")),
    Encoder(Column("tagsLeft", "labels"), words=("cyst", "old")),
    Encoder(Column("tagsRight", "labels"), words=("cyst", "new", "old")),
    Encoder(Column("left_price", "logarithm"), mean=1.0, sd=0.5),
    Encoder(Column("right_price", "logarithm"), mean=2.0, sd=0.25),
    Encoder(Column("age", "number"), mean=50.0, sd=10.0),
]
SAID = (12.0, 35.0, "open", "half", ("cyst",), ("new", "old"), 3.0, None, 60.0)
OTHERWISE = (35.0, 12.0, None, "open", ("old",), ("cyst",), None, 3.0, 60.0)  # no left eye that is half open was taught


@pytest.mark.parametrize("whose", ["values", "given"])
def test_columns_of_two_sides_have_each_others_values_in_a_mirror(whose):
    asked, given = (SIDED, ()) if whose == "values" else ((), SIDED)
    names = exchanged((), MIRROR, (), asked, given)
    told = {c.column.name: c.encode(value) for c, value in zip(SIDED, SAID, strict=True)}
    turned = getattr(mirrored(replace(NO_IMAGE, **{whose: told}), names), whose)
    found = [c.value(turned[c.column.name].astype(float)) for c in SIDED]
    for value, right in zip(found, OTHERWISE, strict=True):
        assert value == (pytest.approx(right) if isinstance(right, float) else right)


def test_images_that_are_called_as_columns_of_two_sides_stay():
    names = exchanged((), MIRROR, (), SIDED)
    views = {"left_volume": np.ones((1, 4)), "right_volume": np.zeros((1, 4))}
    turned = mirrored(replace(NO_IMAGE, given=views), names)
    assert_array_equal(turned.given["left_volume"], views["left_volume"])


def column(name, kind="number"):
    return Encoder(Column(name, kind))


@pytest.mark.parametrize(
    ("asked", "given", "said"),
    [
        ([column("left_volume")], [], "'left_volume' says its side, and there is no 'right_volume'"),
        ([], [column("ef_left")], "'ef_left' says its side, and there is no 'ef_right'"),
        ([column("left_volume")], [column("right_volume")], "'left_volume' says its side, and there is no 'right_vo"),
        ([column("LV"), column("RV")], [], "'LV' and 'RV' differ only in left and right"),
        ([column("left_eye"), column("right_eye", "class")], [], "columns 'left_eye' .number. and 'right_eye' .class"),
        ([], [column("note_l", "text"), column("note_r", "text")], "columns 'note_l' .text. and 'note_r'"),
    ],
)
def test_columns_that_say_a_side_and_cannot_be_exchanged_are_refused_unless_they_say_none(asked, given, said):
    with pytest.raises(ConfigError, match=f"training.augment.mirror: .*{said}.*pairs.*mirror=0"):
        exchanged((), MIRROR, (), asked, given)
    kept = {c.column.name: c.column.name for c in (*asked, *given)}
    assert exchanged((), AugmentSettings(mirror=0.5, pairs=kept), (), asked, given).columns == {}


def test_a_column_with_a_side_in_a_word_and_no_twin_is_told():
    assert exchanged((), MIRROR, (), [column("imgleft"), column("age")]).lone == ("imgleft",)
    both = exchanged((), AugmentSettings(mirror=0.5, pairs={"a": "b"}), (), [column("a"), column("b")])
    assert set(both.columns) == {"a", "b"}


def test_views_that_say_a_side_are_refused_unless_they_say_none():
    with pytest.raises(ConfigError, match=r"data.views.left and data.views.right would exchange .*mirror=0, or train"):
        exchanged((), MIRROR, views=("left", "right"))
    with pytest.raises(ConfigError, match="'left' says its side, and there is no 'right'"):
        exchanged((), MIRROR, views=("front", "left"))
    kept = AugmentSettings(mirror=0.5, pairs={"left": "left", "right": "right"})
    for augment, views in ((kept, ("left", "right")), (MIRROR, ("front", "back"))):
        assert exchanged((), augment, views=views) == Twins()


def test_the_advice_on_sides_names_all_and_is_taken():
    litres, pairs = [column("fev1_l"), column("crp_mg_l"), column("q")], {"q": "q"}
    with pytest.raises(
        ConfigError, match=r"the other side of 'crp_mg_l'.*\{q: q, fev1_l: fev1_l, crp_mg_l: crp_mg_l\}"
    ):
        exchanged((), AugmentSettings(mirror=0.5, pairs=pairs), (), litres)
    pairs |= {"fev1_l": "fev1_l", "crp_mg_l": "crp_mg_l"}
    assert exchanged((), AugmentSettings(mirror=0.5, pairs=pairs), (), litres).columns == {}
