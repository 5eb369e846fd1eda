"""Scans whose folder is gone are told from scans that cannot be read, of whatever kind and by whatever link."""

import shutil

import numpy as np
import pytest
from dicom_files import NORMAL, ORIGIN, write_slice

from pipeline.data.links import link_of, link_scan
from pipeline.data.reachable import is_there, require_any
from pipeline.errors import ConfigError

UID = "1.2.3"  # that slices have unless it is said


@pytest.fixture(params=["file", "folder", "series"])
def scan(request, tmp_path):
    """A file that is no scan, a DICOM folder, and a series of one."""
    place = tmp_path / "drive" / "data"
    place.mkdir(parents=True)
    if request.param == "file":
        (place / "a.nii.gz").write_bytes(b"damaged")
        return place / "a.nii.gz"
    for index in range(2):
        write_slice(place / f"{index}.dcm", index, np.full((2, 3), index, np.int16), ORIGIN + index * NORMAL)
    return place / UID if request.param == "series" else place


@pytest.mark.parametrize("linked", [False, True])
def test_a_scan_is_there_until_its_files_are_gone(scan, tmp_path, linked):
    (tmp_path / "private").mkdir()
    if linked:
        link = link_of(tmp_path / "private", "case-1", scan)
        assert link_scan(tmp_path / "private", "case-1", scan) == link
        scan = link
    assert is_there(scan)
    require_any([tmp_path / "another.nii", scan], tmp_path / "dataset.json")
    shutil.move(tmp_path / "drive", tmp_path / "moved")
    assert not is_there(scan)


def test_the_folder_that_is_gone_is_named(scan, tmp_path):
    shutil.move(tmp_path / "drive" / "data", tmp_path / "data")
    said = rf"dataset.json: not one of 2 scans is there, for there is no {tmp_path}/drive/data\. .*\n.* import run="
    with pytest.raises(ConfigError, match=said):
        require_any([scan, tmp_path / "drive" / "data" / "b.nii"], tmp_path / "dataset.json")
