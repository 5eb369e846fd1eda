"""A gallery: a safe file, from which people can be taken, and which only its own model can read."""

import json

import numpy as np
import pytest

from pipeline.data.gallery import Gallery, read_gallery, write_gallery
from pipeline.errors import DataError


def vectors(count, size=8, seed=0):
    drawn = np.random.default_rng(seed).standard_normal((count, size)).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def gallery(count=4):
    made = Gallery("m" * 64, (), (), np.empty((0, 0), np.float32))
    for number, vector in enumerate(vectors(count)):
        made = made.with_person(f"person {number // 2}", f"{number}.png", vector)
    return made


def test_it_survives_its_file(tmp_path):
    write_gallery(gallery(), tmp_path / "people")
    read = read_gallery(tmp_path / "people", "m" * 64)
    assert (read.people, read.images) == (gallery().people, gallery().images)
    assert np.array_equal(read.vectors, gallery().vectors)


def test_a_link_to_it_stays_one_and_others_may_not_read_it(tmp_path):
    real, link = tmp_path / "real", tmp_path / "people"
    link.symlink_to(real)
    write_gallery(gallery(), link)
    write_gallery(read_gallery(link, "m" * 64).without("person 0"), link)
    assert link.is_symlink() and read_gallery(real, "m" * 64).people == ("person 1", "person 1")
    assert real.stat().st_mode & 0o777 == 0o600


def test_the_file_holds_no_code_and_no_picture(tmp_path):
    write_gallery(gallery(), tmp_path / "people")
    content = (tmp_path / "people").read_bytes()
    size = int.from_bytes(content[:8], "little")
    assert set(json.loads(content[8 : 8 + size])) == {"__metadata__", "vectors"}


def test_the_nearest_is_whose_vector_it_is():
    made = gallery()
    for name, vector in zip(made.people, made.vectors, strict=True):
        assert made.nearest(vector)[0] == (name, pytest.approx(0.0, abs=1e-6))
        assert made.distance_to(name, vector) == pytest.approx(0.0, abs=1e-6)


def test_neighbours_come_in_order_and_each_person_once():
    made, asked = gallery(40), vectors(1, seed=3)[0]
    expected: dict[str, float] = {}
    for far, name in sorted(
        (2 - 2 * float(v @ asked), name) for name, v in zip(made.people, made.vectors, strict=True)
    ):
        expected.setdefault(name, far)
    assert made.nearest(asked, 4) == [(name, pytest.approx(far, abs=1e-5)) for name, far in expected.items()]
    least = min(expected.values())
    assert [name for name, _ in made.nearest(asked, 0.2)] == [n for n, far in expected.items() if far <= least + 0.2]


def test_many_vectors_of_one_person_do_not_hide_another_who_is_as_near():
    made, same = gallery(), vectors(1, seed=3)[0]
    for name in (*["ann"] * 50, "bob"):
        made = made.with_person(name, "a.png", same)
    assert [name for name, _ in made.nearest(same, 1e-3)] == ["ann", "bob"]


def test_a_person_who_is_removed_is_gone():
    left = gallery().without("person 0")
    assert set(left.people) == {"person 1"} and len(left.vectors) == 2
    with pytest.raises(DataError, match="nobody in the gallery is called 'person 0'"):
        left.without("person 0")


def test_names_that_look_alike_are_one_person(tmp_path):
    made = gallery().with_person("Jos\u00e9", "a.png", vectors(1)[0]).with_person(" Jose\u0301", "b.png", vectors(1)[0])
    assert made.people[-2:] == ("Jos\u00e9", "Jos\u00e9")
    assert made.distance_to("Jose\u0301 ", made.vectors[-1]) == pytest.approx(0.0, abs=1e-6)
    assert "Jos\u00e9" not in made.without("Jose\u0301").people
    early = Gallery("m" * 64, ("ann", "ann "), ("a.png", "b.png"), vectors(2))
    write_gallery(early, tmp_path / "people")
    assert read_gallery(tmp_path / "people", "m" * 64).without("ann").people == ()


@pytest.mark.parametrize(
    "typed", ["Ann\u200b Lee", "Ann\u00a0Lee", "Ann  Lee", "Ann\nLee", "\ufeffAnn\t Lee\u00ad", "Ann\x07 Lee"]
)
def test_spaces_of_any_kind_and_signs_that_nobody_sees_make_no_other_person(tmp_path, typed):
    made = gallery().with_person("Ann Lee", "a.png", vectors(1)[0]).with_person(typed, "b.png", vectors(1)[0])
    assert made.people[-2:] == ("Ann Lee", "Ann Lee")
    write_gallery(
        Gallery("m" * 64, (typed, "Bob"), ("a.png", "b.png"), vectors(2)), tmp_path / "people"
    )  # an early one
    early = read_gallery(tmp_path / "people", "m" * 64)
    assert early.without("Ann Lee").people == early.without(typed).people == ("Bob",)


@pytest.mark.parametrize(
    "name", ["", "  ", "\u200b", "not recognised", "Not recognised ", "not\u00a0recognised", "not  recog\u200bnised"]
)
def test_nobody_is_called_nothing_or_by_the_answer_about_strangers(name):
    with pytest.raises(DataError, match="give a name or number that tells whom you mean"):
        gallery().with_person(name, "a.png", vectors(1)[0])


def test_a_new_name_does_not_hold_what_stands_between_names(tmp_path):
    with pytest.raises(DataError, match=r"name='ann\|bob': leave out the '\|'"):
        gallery().with_person("ann|bob ", "a.png", vectors(1)[0])
    write_gallery(Gallery("m" * 64, ("ann|bob",), ("a.png",), vectors(1)), tmp_path / "people")  # an early one
    early = read_gallery(tmp_path / "people", "m" * 64)
    assert early.with_person("ann|bob", "b.png", vectors(1)[0]).people == ("ann|bob", "ann|bob")
    assert early.nearest(vectors(1)[0])[0][0] == "ann|bob" and early.without("ann|bob").people == ()


def test_a_folder_is_no_gallery(tmp_path):
    with pytest.raises(DataError, match=r": is a folder\. A gallery is one file"):
        read_gallery(tmp_path, "m" * 64)


def test_another_models_vectors_are_not_compared(tmp_path):
    write_gallery(gallery(), tmp_path / "people")
    with pytest.raises(DataError, match="another model's"):
        read_gallery(tmp_path / "people", "n" * 64)


@pytest.mark.parametrize("flipped", [0x01, 0x20, 0xFF])
def test_a_file_with_any_byte_damaged_is_refused(tmp_path, flipped):
    write_gallery(gallery(), tmp_path / "people")
    content = (tmp_path / "people").read_bytes()
    for place in range(len(content)):
        damaged = bytearray(content)
        damaged[place] ^= flipped
        (tmp_path / "people").write_bytes(damaged)
        with pytest.raises(DataError, match="people: "):
            read_gallery(tmp_path / "people", "m" * 64)


def test_a_large_gallery_is_searched_whole():
    count = 20_000
    made = Gallery("m", tuple(map(str, range(count))), ("",) * count, vectors(count, 64))
    assert made.nearest(made.vectors[-1])[0][0] == str(count - 1)
