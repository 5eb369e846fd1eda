"""Names that a mirror leaves as they are are told where they may say a side."""

from pathlib import Path

import pytest

from pipeline.data.columns import Column
from pipeline.data.dataset import Dataset
from pipeline.data.encoders import Encoder
from pipeline.errors import ConfigError
from pipeline.sampling.augment import AugmentSettings
from pipeline.sampling.twins import Twins
from pipeline.training.mirrored_names import mirrored_names, tell_lone

MIRROR = AugmentSettings(mirror=0.5)


@pytest.mark.parametrize(("columns", "views"), [(["left_volume"], {}), (["width"], {"left": "l", "right": "r"})])
def test_what_an_early_version_began_keeps_its_columns_and_views(columns, views):
    data = Dataset("d", Path(), (), (), views=views)
    asked = [Encoder(Column(name, "number")) for name in columns]
    with pytest.raises(ConfigError, match=r"training\.augment\.pairs"):
        mirrored_names(data, "attributes", MIRROR, asked, [])
    names = mirrored_names(data, "attributes", MIRROR, asked, [], begun=True)
    assert names is not None and names.columns == {} and names.lone == ()


def test_what_was_begun_now_goes_on_exchanging_its_columns():
    asked = [Encoder(Column(name, "number")) for name in ("left_volume", "right_volume")]
    names = mirrored_names(Dataset("d", Path(), (), ()), "attributes", MIRROR, asked, [], begun=True)
    assert names is not None and set(names.columns) == {"left_volume", "right_volume"}


def test_names_that_keep_a_side_in_the_mirror_are_told_with_what_to_do(capsys):
    for names in (None, Twins((1, 0))):
        tell_lone(names)
    assert capsys.readouterr().err == ""
    tell_lone(Twins(lone=("mouth_imgleft", "bright")))
    told = capsys.readouterr().err
    assert "nothing is the other side of 'mouth_imgleft', 'bright'" in told and "training.augment.pairs" in told
