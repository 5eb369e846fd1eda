"""Cardiac phantoms: landmarks lie where their definition says, in the anatomy and in the voxels."""

import re
from functools import cache

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from pipeline.cli.data_settings import SimulateSettings
from pipeline.cli.schema import docstring_arguments
from pipeline.geometry.orientation import is_world_aligned
from pipeline.phantoms.cta import ANOMALY, LANDMARKS, draw_patient, simulate_cta
from pipeline.phantoms.motion import draw_slabs
from pipeline.phantoms.phantom import PhantomSize, stream
from pipeline.phantoms.root import COMMISSURES
from pipeline.phantoms.scan import draw_scan

SMALL, SEEDS = PhantomSize(90, 3.0), range(6)
drawn = cache(draw_patient)


@pytest.fixture(scope="module")
def small():
    return [simulate_cta(seed, SMALL) for seed in SEEDS]


@pytest.fixture(scope="module")
def patients():
    return [drawn(seed) for seed in range(20)]


def values_at(phantom, world):
    voxel = phantom.frame.world_to_voxel(np.atleast_2d(world)).T
    return map_coordinates(phantom.voxels.astype(np.float32), voxel, order=1, mode="nearest")


def test_the_same_seed_gives_the_same_bytes(small):
    again = simulate_cta(3, SMALL)
    assert again.voxels.tobytes() == small[3].voxels.tobytes() and again.landmarks == small[3].landmarks
    assert again.frame.same_as(small[3].frame, 0) and again.description == small[3].description
    assert small[4].voxels.tobytes() != small[3].voxels.tobytes()


def test_sizes_vary_as_the_help_says():
    said = docstring_arguments(SimulateSettings)
    told = re.findall(r"([\d.]+) to ([\d.]+)", said["fov_mm"] + said["spacing_mm"])
    view, along, plane, across, plane_alone, across_alone, _ = np.array(told, float)
    for size, ends in (
        (PhantomSize(), (view, along, plane_alone, across_alone)),
        (PhantomSize(spacing_mm=1.0), (view, along, plane, across)),
    ):
        for values, (low, high) in zip(drawn_sizes(size), ends, strict=True):
            assert np.allclose([values.min(), values.max()], [low, high], atol=0.07 * (high - low) + 0.01 * high)


def drawn_sizes(size):
    """Of scans that are not cut: edge in plane, the other as a share of it, voxel size in plane and between slices."""
    scans = [draw_scan(stream(n, "size"), size, np.zeros(3), np.zeros((1, 3))) for n in range(300)]
    whole = [(s.frame, (s.slice_axis + 1) % 3, s.slice_axis) for s in scans if s.notes["cut"] is None]
    plane, across = (np.array([f.spacing[axes[k]] for f, *axes in whole]) for k in (0, 1))
    view, along = (np.array([f.shape[axes[k]] * f.spacing[axes[k]] for f, *axes in whole]) for k in (0, 1))
    return view, along / view, plane, across


def shape(landmarks):
    points = np.array([p for p in landmarks.values() if p is not None])
    return np.linalg.norm(points[:, None] - points, axis=-1)[np.triu_indices(len(points), 1)]


def test_another_scan_shows_the_same_patient_in_another_place():
    scans = {(n, s): simulate_cta(n, PhantomSize(110, 4), scan=s) for n in (2, 3, 5) for s in (1, 2)}
    still = [n for n in (2, 3, 5) if not any(scans[n, s].description[k] for s in (1, 2) for k in ("slabs", "absent"))]
    assert len(still) == 3
    for n in still:
        one, two = scans[n, 1], scans[n, 2]
        assert np.allclose(shape(one.landmarks), shape(two.landmarks), atol=1e-9)
        assert not one.frame.same_as(two.frame, 1.0) and one.description["contrast"] != two.description["contrast"]
        assert all(np.abs(shape(one.landmarks) - shape(scans[m, 2].landmarks)).max() > 0.5 for m in still if m != n)


def test_every_case_lists_the_six_landmarks_and_holds_what_it_does_not_call_absent(small):
    for phantom in small:
        assert tuple(phantom.landmarks) == LANDMARKS
        present = [p for p in phantom.landmarks.values() if p is not None]
        assert all(phantom.frame.contains(np.array([p]))[0] for p in present)
        assert phantom.description["absent"] == [n for n, p in phantom.landmarks.items() if p is None]
    assert sum(len(p.description["absent"]) == 0 for p in small) >= 4


def test_ostia_lie_on_the_wall_of_the_lumen_and_on_the_middle_of_their_artery(patients):
    for patient in patients:
        places = patient.landmarks()
        for name, trunk in (("right_ostium", "rca"), ("left_ostium", "lad" if patient.anomaly else "lm")):
            tube = patient.arteries.trunks[trunk]
            assert abs(patient.root.distance(places[name][:, None])[0]) < 1e-6
            assert np.linalg.norm(tube.knots - places[name], axis=1).min() < 1e-6
            assert patient.root.distance(tube.knots[:2].T).max() < 0 < patient.root.distance(tube.knots[3:].T).min()


def test_three_arteries_meet_at_the_bifurcation(patients):
    for patient in (p for p in patients if not p.anomaly):
        place, trunks = patient.landmarks()["lm_bifurcation"], patient.arteries.trunks
        ends = trunks["lm"].knots[-1], trunks["lad"].knots[0], trunks["lcx"].knots[0]
        assert all(np.allclose(place, end) for end in ends)
        ways = [trunks[n].knots[3] - place for n in ("lad", "lcx")]
        assert ways[0] @ ways[1] < 0.9 * np.linalg.norm(ways[0]) * np.linalg.norm(ways[1])  # more than 25 degrees


def test_a_commissure_is_the_top_of_the_leaflets_at_the_wall_where_two_sinuses_meet(patients):
    for patient in patients:
        root, places = patient.root, patient.landmarks()
        for name, angle in zip(COMMISSURES, root.commissures, strict=True):
            up, inward = root.axes[:, 2], -root.outward(angle, 0.0)
            assert abs(root.distance(places[name][:, None])[0]) < 1e-6
            below, above = places[name] - up + 0.5 * inward, places[name] + 1.5 * up + 0.5 * inward
            assert (
                patient.leaflets.distance(below[:, None])[0] < 0.2 < 1.4 < patient.leaflets.distance(above[:, None])[0]
            )
            beside = [
                root.wall(np.array([angle + d]), np.array([0.7 * root.junction_height]))[0] for d in (-0.3, 0, 0.3)
            ]
            assert beside[1] < min(beside[0], beside[2])  # a crease between two bulges


def test_arteries_taper_and_do_not_run_through_the_chambers(patients):
    for patient in patients:
        for name in ("rca", "lad", "lcx"):
            tube = patient.arteries.trunks[name]
            assert tube.widths[-1] < 0.75 * tube.widths[4]
            assert patient.chambers.lv.distance(tube.knots.T).min() > 0


@pytest.fixture(scope="module")
def fine():
    def plain(seed):
        patient = drawn(seed)
        scan = simulate_cta(seed, PhantomSize(60, 4.0)).description
        notes = patient.deposits.notes
        return not (patient.anomaly or scan["motion"] or scan["cut"] or sum(notes.values()))

    seed = next(s for s in range(50) if plain(s))
    return simulate_cta(seed, PhantomSize(70, 0.6)), drawn(seed)


def test_hounsfield_values_show_blood_through_the_ostium_and_fat_beside_the_artery(fine):
    phantom, patient = fine
    for name, trunk in (("right_ostium", "rca"), ("left_ostium", "lm")):
        place = np.array(phantom.landmarks[name])
        tube = patient.arteries.trunks[trunk]
        local = tube.knots[2:4]
        way = patient.heart.axes @ (local[1] - local[0]) / np.linalg.norm(local[1] - local[0])
        blood = phantom.description["contrast"]["aorta"]
        assert values_at(phantom, place + np.outer([-5, -3, -1, 0, 1, 2], way)).min() > 0.6 * blood
        up = patient.heart.axes @ patient.root.axes[:, 2]
        assert values_at(phantom, place + 3.2 * way + 5 * np.array([up, -up])).max() < 0.5 * blood


def test_hounsfield_values_dip_at_the_leaflets_and_not_above_them(fine):
    phantom, patient = fine
    up = patient.heart.axes @ patient.root.axes[:, 2]
    for name, angle in zip(COMMISSURES, patient.root.commissures, strict=True):
        place, inward = np.array(phantom.landmarks[name]), -patient.heart.axes @ patient.root.outward(angle, 0.0)
        blood = phantom.description["contrast"]["aorta"]
        steps = np.linspace(3, 7, 9)[:, None] * inward
        assert values_at(phantom, place - 3.5 * up + steps).mean() < 0.8 * blood
        assert values_at(phantom, place + 3 * up + steps).mean() > 0.9 * blood


def test_hounsfield_values_are_those_of_ct(small):
    for phantom in small:
        assert phantom.voxels.dtype == np.int16
        assert phantom.voxels.min() >= -1024 and phantom.voxels.max() <= 3071
        blood = phantom.description["contrast"]["aorta"]
        assert 300 <= blood <= 500 and 10 <= phantom.description["noise"] <= 40
    voxels = np.concatenate([p.voxels.ravel() for p in small])
    assert (voxels < -700).mean() > 0.05 and (np.abs(voxels + 95) < 40).mean() > 0.1 and (voxels > 280).mean() > 0.05


def scan_of(seed, size=PhantomSize()):  # noqa: B008
    patient = drawn(seed)
    places = np.array([patient.heart.to_world(p[None])[0] for p in patient.landmarks().values() if p is not None])
    return draw_scan(stream(seed, "scan"), size, patient.heart.origin, places), places


def test_scans_vary_in_voxels_order_direction_and_cut():
    scans = [scan_of(seed) for seed in range(30)]
    frames = [s.frame for s, _ in scans]
    spacing = np.array([np.delete(s.frame.spacing, s.slice_axis) for s, _ in scans])
    across = np.array([s.frame.spacing[s.slice_axis] for s, _ in scans])
    assert spacing.min() >= 0.349 and spacing.max() <= 0.501 and across.min() >= 0.399 and across.max() <= 0.901
    assert 2 <= sum(not is_world_aligned(f) for f in frames) <= 13
    assert 4 < sum(any(s.notes["flipped"]) for s, _ in scans) < 20
    assert any(s.notes["axis_order"] != [0, 1, 2] for s, _ in scans)
    lost = [int((~s.frame.contains(places)).sum()) for s, places in scans]
    cut = [s.notes["cut"] is not None for s, _ in scans]
    assert [n > 0 for n in lost] == cut and 1 <= sum(cut) <= 9


def test_a_scan_without_a_cut_keeps_every_landmark_clear_of_its_edge():
    for seed in range(20):
        scan, places = scan_of(seed, PhantomSize(40, 1.0))
        if scan.notes["cut"] is None:
            voxel = scan.frame.world_to_voxel(places)
            gap = np.minimum(voxel + 0.5, np.array(scan.frame.shape) - 0.5 - voxel) * scan.frame.spacing
            assert gap.min() > 3


def test_a_patient_without_a_left_main_has_no_bifurcation_and_two_ostia():
    seed = next(seed for seed in range(500) if stream(seed, "anomaly").random() < ANOMALY)
    patient, phantom = draw_patient(seed), simulate_cta(seed, PhantomSize(80, 2.0))
    assert phantom.landmarks["lm_bifurcation"] is None and phantom.description["anomaly"]
    trunks = patient.arteries.trunks
    assert set(trunks) == {"rca", "lad", "lcx"}
    assert np.allclose(trunks["lad"].knots[2], patient.landmarks()["left_ostium"])
    assert np.linalg.norm(trunks["lad"].knots[2] - trunks["lcx"].knots[2]) > 3


def test_slabs_move_no_landmark_that_a_border_runs_through():
    found = 0
    for seed in range(40):
        scan, places = scan_of(seed)
        slabs = draw_slabs(stream(seed, "slabs"), scan.frame, scan.slice_axis, places)
        if slabs is not None:
            found += 1
            assert np.abs((places @ slabs.normal)[:, None] - slabs.borders).min() > 3
            assert np.allclose(slabs.shifts @ slabs.normal, 0) and np.linalg.norm(slabs.shifts, axis=1).max() <= 2.5001
    assert found >= 3
