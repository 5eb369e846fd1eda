"""Files are there whole or not at all."""

import json
import os

import pytest

from pipeline.data.atomic import (
    atomic_file,
    fingerprint,
    read_json,
    sha256_of,
    sweep,
    write_bytes,
    write_json,
    write_text,
)
from pipeline.data.claim import claimed_folder
from pipeline.errors import DataError


def test_a_block_that_fails_leaves_what_was_there(tmp_path):
    path = tmp_path / "deep" / "file.bin"
    write_bytes(path, b"before")
    with pytest.raises(RuntimeError), atomic_file(path) as file:
        file.write(b"half of")
        raise RuntimeError
    assert path.read_bytes() == b"before"
    assert os.listdir(path.parent) == ["file.bin"]


def test_a_file_has_its_name_only_when_the_block_has_ended(tmp_path):
    path = tmp_path / "file.bin"
    with atomic_file(path) as file:
        file.write(b"all of it")
        assert not path.exists()
    assert path.read_bytes() == b"all of it"


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_others_may_do_what_the_umask_says_or_what_they_might_before(tmp_path, umask):
    before = os.umask(umask)
    try:
        for name, mode in (("new", 0o666 & ~umask), ("closed", 0o600), ("shared", 0o664)):
            if name != "new":
                (tmp_path / name).touch()
                (tmp_path / name).chmod(mode)
            write_text(tmp_path / name, "a")
            assert (tmp_path / name).stat().st_mode & 0o777 == mode
        write_bytes(tmp_path / "own", b"a", 0o600)
        assert (tmp_path / "own").stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(before)


def test_text_is_utf8(tmp_path):
    write_text(tmp_path / "a", "ä")
    assert (tmp_path / "a").read_text(encoding="utf-8") == "ä"


def test_json_comes_back_and_nan_is_refused(tmp_path):
    write_json(tmp_path / "a.json", {"x": [1.5, None, "ä"]})
    assert read_json(tmp_path / "a.json") == {"x": [1.5, None, "ä"]}
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"x": float("nan")})
    assert read_json(tmp_path / "a.json") == {"x": [1.5, None, "ä"]}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [(None, "no such file"), (b'{"x": 1,\n}', "not readable as JSON: .*line 2"), (b"\xff\xfe", "not readable as JSON")],
)
def test_unreadable_json_names_the_file(tmp_path, content, complaint):
    path = tmp_path / "a.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=f"a.json: {complaint}"):
        read_json(path)


def test_a_folder_where_a_file_was_expected_is_unreadable(tmp_path):
    with pytest.raises(DataError, match="not readable as JSON"):
        read_json(tmp_path)


def test_a_place_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(DataError, match=r"taken/file.json: cannot write there: .* Choose another folder or free it"):
        write_json(tmp_path / "taken" / "file.json", {})


def test_a_name_that_is_a_folder_is_left_alone(tmp_path):
    (tmp_path / "file.json").mkdir()
    with pytest.raises(DataError, match=r"file.json: writing failed: .* unharmed"):
        write_json(tmp_path / "file.json", {})
    assert os.listdir(tmp_path) == ["file.json"]


def test_the_sum_of_known_bytes(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")
    assert sha256_of(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_fingerprint_is_of_the_content_and_not_of_its_order():
    assert fingerprint({"a": 1, "b": (2, None)}) == fingerprint(json.loads('{"b": [2, null], "a": 1}'))
    assert fingerprint({"a": 1}) != fingerprint({"a": 1.5})


def test_what_a_killed_run_left_is_swept_and_nothing_else(tmp_path):
    for name in (".tmp-0123abcd.npy", ".tmp-0123abcd.people", ".tmp-a_z45678", ".tmp-theirs", "kept.npy", ".hidden"):
        (tmp_path / name).write_text("")
    (tmp_path / ".tmp-89abcdef").mkdir()
    assert sweep(tmp_path) == 3
    assert sorted(os.listdir(tmp_path)) == [".hidden", ".tmp-89abcdef", ".tmp-theirs", "kept.npy"]
    assert sweep(tmp_path / "nowhere") == 0


@pytest.mark.parametrize("name", ["download.zip", "database.sqlite", "20261128-notes.txt", "0123abcd.json.part"])
def test_what_another_program_calls_alike_is_not_swept(tmp_path, name):
    (tmp_path / f".tmp-{name}").write_text("theirs")
    assert sweep(tmp_path, below=True) == 0 and (tmp_path / f".tmp-{name}").exists()


def test_folders_below_are_swept_only_where_they_are_ours(tmp_path):
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / ".tmp-0000000a").write_text("")
    assert sweep(tmp_path) == 0 and (tmp_path / "theirs" / ".tmp-0000000a").exists()
    assert sweep(tmp_path, below=True) == 1


def test_folders_below_in_which_somebody_works_are_not_swept(tmp_path):
    for name in ("answers/.tmp-0000000a", "answers/cases/.tmp-0000000b", "left/.tmp-0000000c", ".tmp-0000000d"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    with claimed_folder(tmp_path), claimed_folder(tmp_path / "left"):
        pass
    with claimed_folder(tmp_path), claimed_folder(tmp_path / "answers"):
        assert sweep(tmp_path, below=True) == 2
        assert sorted(p.name for p in tmp_path.rglob(".tmp-*")) == [".tmp-0000000a", ".tmp-0000000b"]
    assert sweep(tmp_path, below=True) == 2
