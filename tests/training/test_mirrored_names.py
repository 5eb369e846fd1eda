"""Names that a mirror leaves as they are are told where they may say a side."""

from pipeline.sampling.twins import Twins
from pipeline.training.mirrored_names import tell_lone


def test_names_that_keep_a_side_in_the_mirror_are_told_with_what_to_do(capsys):
    for names in (None, Twins((1, 0))):
        tell_lone(names)
    assert capsys.readouterr().err == ""
    tell_lone(Twins(lone=("mouth_imgleft", "bright")))
    told = capsys.readouterr().err
    assert "nothing is the other side of 'mouth_imgleft', 'bright'" in told and "training.augment.pairs" in told
