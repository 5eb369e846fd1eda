"""Boxes: a network that knows them must give them, in any dimension; the loss is least where it does."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from blobs import blob_cases
from crooked import DIMS, upright_frame
from torch import nn

from pipeline.data.store import LevelArray
from pipeline.geometry import ImageFrame
from pipeline.geometry.boxes import BoxSet
from pipeline.inference.calibration import calibrate_boxes
from pipeline.inference.content import boxes_content
from pipeline.inference.model import Calibration, Model, ModelLevel
from pipeline.networks.network import PatchNetwork, build_network
from pipeline.networks.receptive_field import CellGeometry
from pipeline.tasks.asked import Asked
from pipeline.tasks.boxes import BoxesTask
from pipeline.tasks.boxes_found import BoxesFound, box_ends
from pipeline.tasks.truth import UNKNOWN, Truth
from pipeline.training.cascade import Cascade
from pipeline.training.settings import LevelSettings, TrainingSettings

CLASSES = ("cat", "dog")
TASK = BoxesTask(CLASSES)


class BoxOracle(PatchNetwork):
    """Says of every patch the box whose middle is nearest; believes where that lies in the patch.

    Args:
        low: (N, D) voxels of the image.
        high: The same.
        labels: Class of each.
    """

    def __init__(self, low, high, labels, stride=4):
        nn.Module.__init__(self)
        self.weight = nn.Parameter(torch.zeros(1))
        self.low, self.high, self.labels = (torch.as_tensor(v) for v in (low, high, labels))
        self.dims, self.heads = self.low.shape[1], TASK.heads(self.low.shape[1], 0)
        self.geometry = CellGeometry(stride, (stride - 1) / 2, 10, ((stride, stride, 0),), stride)

    @property
    def cells(self):
        return self.geometry

    def said(self, shape, margin):
        stride = self.cells.stride
        axes = [torch.arange(self.cells.cells(n)) * stride + self.cells.first - margin for n in shape]
        centres = torch.stack(torch.meshgrid(*axes, indexing="ij"), -1).reshape(-1, self.dims).double()
        middle = ((self.low + self.high) / 2).double()
        off = (middle - centres[:, None]) / stride
        best = off.square().sum(-1).argmin(1)
        mine = off[torch.arange(len(off)), best]
        belief = torch.where((mine.abs() <= 0.5).all(1), 6.0, -9.0)
        size = torch.log((self.high - self.low).double() / stride)[best]
        kinds = nn.functional.one_hot(self.labels[best], len(CLASSES)) * 12.0
        return {"belief": belief[None], "offset": mine.T, "size": size.T, "class": kinds.T}

    def features(self, image, given=None):
        said = self.said(image.shape[2:], self.cells.stride)
        return torch.cat([said[name].float() for name in self.heads])[None]

    def ask(self, head, features, which, cells=None):
        first = sum(h.channels for h in list(self.heads.values())[: list(self.heads).index(head)])
        part = features[first : first + self.heads[head].channels]
        return part.reshape(self.heads[head].count, -1, part.shape[1])[list(which)]


def scene(dims):
    low = np.array([[3.0, 20, 5], [30, 8, 22], [24, 26, 6], [33, 9, 23]])[:, :dims]
    high = low + np.array([[9.0, 12, 8], [14, 10, 11], [6, 7, 9], [16, 12, 12]])[:, :dims]
    frame = upright_frame((64, 56, 48)[:dims], 1.5, 3.0)
    return frame, LevelArray(frame, np.zeros((1, *frame.shape), np.float32)), low, high, np.array([0, 1, 0, 0])


@pytest.mark.parametrize("dims", DIMS)
def test_boxes_that_the_patches_know_are_answered_in_the_world(dims):
    frame, level, low, high, labels = scene(dims)
    found = TASK.locate(BoxOracle(low, high, labels), level)
    ends = frame.voxel_to_world(low), frame.voxel_to_world(high)
    expected = np.hstack([np.minimum(*ends), np.maximum(*ends)])
    said = np.hstack([found.low, found.high])
    assert len(said) == len(expected)
    for n, row in enumerate(expected):
        match = np.abs(said - row).max(1).argmin()
        assert np.abs(said[match] - row).max() < 1e-2
        assert found.label[match] == labels[n]
    assert (np.diff(found.belief) <= 0).all()


@pytest.mark.parametrize("dims", DIMS)
def test_a_class_that_no_training_case_shows_is_never_answered(dims):
    _, level, low, high, labels = scene(dims)
    said = {names: replace(TASK, untaught=names).locate(BoxOracle(low, high, labels), level)
            for names in ((), ("cat",), ("dog",), CLASSES)}  # fmt: skip
    assert [sorted(set(found.label.tolist())) for found in said.values()] == [[0, 1], [1], [0], []]
    assert (said[()].belief[said[()].label == 1] == said["cat",].belief).all()


def test_boxes_of_a_coarser_level_are_kept_once():
    frame, level, low, high, labels = scene(2)
    ends = frame.voxel_to_world(low[:1]), frame.voxel_to_world(high[:1])
    far = np.array([[60.0, 60.0]])
    both = np.minimum(*ends), np.maximum(*ends)
    prior = BoxesFound(np.vstack([both[0], far]), np.vstack([both[1], far + 5]), np.array([0.5, 0.4]), np.array([0, 0]))
    alone, together = (TASK.locate(BoxOracle(low, high, labels), level, p) for p in (None, prior))
    assert len(together.low) == len(alone.low) + 1
    assert together.belief[-1] == 0.4 and together.low[-1].tolist() == [60, 60]


def boxes_alone(corners, labels):
    """Truth of images of whose landmarks nothing is asked."""
    return Truth(corners[:, :0], torch.ones(len(corners), 0, dtype=torch.bool), labels, corners)


@pytest.mark.parametrize("dims", DIMS)
def test_the_loss_is_less_where_the_network_is_right(dims):
    _, level, low, high, labels = scene(dims)
    image = torch.zeros(1, 1, *level.frame.shape)
    corners = torch.from_numpy(
        np.stack([np.stack([[low, high][(n >> a) & 1][:, a] for a in range(dims)], -1) for n in range(2**dims)], 1)
    ).reshape(1, -1, dims)
    truth = boxes_alone(corners.float(), torch.from_numpy(labels)[None])
    oracle, wrong = BoxOracle(low, high, labels), BoxOracle(low + 3, high + 5, 1 - labels)

    def loss(network):
        said, cells = network.said(image.shape[2:], 0), [network.cells.cells(n) for n in image.shape[2:]]
        shaped = {
            n: v.float().reshape(1, *(() if n in ("belief", "class") else (1,)), -1, *cells) for n, v in said.items()
        }
        return TASK.losses(network, image, shaped, truth)

    right, other = loss(oracle), loss(wrong)
    assert all(right[name] < other[name] for name in ("belief", "place", "class", "total"))
    assert right["place"] < 0.05  # a patch half-way between two middles may speak for the other one


def test_a_network_learns_from_images_with_and_without_boxes():
    torch.manual_seed(0)
    network = build_network("fcn", 2, 3, TASK.heads(2, 0), stride=4, width=4, growth=2, depth=1)
    image = torch.rand(2, 3, 32, 32)
    points = torch.full((2, 4, 2), torch.nan)
    points[0] = torch.tensor([[4.0, 4], [4, 12], [12, 4], [12, 12]])
    truth = boxes_alone(points, torch.tensor([[1], [-1]]))
    terms = TASK.losses(network, image, network({"image": image}), truth)
    terms["total"].backward()
    assert torch.isfinite(terms["total"])
    assert all(torch.isfinite(p.grad).all() for p in network.parameters() if p.grad is not None)


def test_each_level_speaks_of_boxes_that_are_about_as_large_on_its_grid():
    coarse, fine = (TASK.at([16.0, 8.0], 4, n) for n in (0, 1))
    assert coarse.edges == (20.0, np.inf)  # 10 patches of the finer level are 80 px: 20 voxels of 4 px
    assert fine.edges == (0.0, 40.0)


@pytest.mark.parametrize("strides", [(4, 2), (2, 4), (4, 4)])
def test_there_is_a_level_for_every_box_whatever_the_strides(tmp_path, strides):
    coarse, fine = (LevelSettings(parameters={"stride": s, "width": 4, "growth": 2, "depth": 1}) for s in strides)
    settings = TrainingSettings(coarse=coarse, fine=fine)
    spacings, asked = (4.0, 2.0, 1.0), Asked(classes=CLASSES)
    cases = blob_cases(2, 1, spacings=spacings)
    cascade = Cascade(cases, cases, spacings, "px", settings, "cpu", tmp_path, "x", question="boxes", asked=asked)
    edges = [cascade._task_at(n, cascade._network(n)).edges for n in range(3)]
    world = [(low * size, high * size) for (low, high), size in zip(edges, spacings, strict=True)]
    assert world[0][1] == np.inf and world[2][0] == 0
    assert [world[n][0] for n in (0, 1)] == [world[n + 1][1] for n in (0, 1)]
    assert world[2][1] == TASK.settings.cells * strides[1] * spacings[2]


def pulled(network, terms):
    """The terms, and the gradients of their total."""
    network.zero_grad()
    terms["total"].backward()
    return {n: t.item() for n, t in terms.items()}, [p.grad.clone() for p in network.parameters() if p.grad is not None]


@pytest.mark.parametrize("dims", DIMS)
def test_images_of_whose_boxes_nothing_is_known_teach_nothing(dims):
    torch.manual_seed(0)
    network = build_network("fcn", dims, 1, TASK.heads(dims, 0), stride=4, width=4, growth=2, depth=1).eval()
    image, corners = torch.rand(2, 1, *(16,) * dims), torch.full((2, 2**dims, dims), torch.nan)
    corners[0] = torch.tensor([[3 + 8.0 * ((n >> a) & 1) for a in range(dims)] for n in range(2**dims)])

    def taught(rows, labels):
        truth = boxes_alone(corners[:rows], torch.tensor(labels)[:rows, None])
        return pulled(network, TASK.losses(network, image[:rows], network({"image": image[:rows]}), truth))

    (both, pull), (one, alone) = taught(2, [1, UNKNOWN]), taught(1, [1])
    assert both == pytest.approx(one, rel=1e-5)
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(pull, alone, strict=True))
    nothing, pull = taught(2, [UNKNOWN, UNKNOWN])
    assert set(nothing) == set(one) and not any(nothing.values()) and pull and not any(g.any() for g in pull)


def test_cases_of_whose_boxes_nothing_is_known_are_not_measured():
    known = blob_cases(2, 2)
    corners = np.array([[6.0, 6], [6, 9], [9, 6], [9, 9]])
    known[0] = replace(known[0], labels=np.array([1]), corners=corners)
    known[1] = replace(known[1], labels=np.array([UNKNOWN]), corners=np.full((4, 2), np.nan))
    box = BoxesFound(corners[:1], corners[3:], np.ones(1), np.array([1]))
    assert TASK.measure(known, {c.id: box for c in known}) == {"error": 0.0, "ap50": 1.0}


def test_measuring_counts_what_is_missing_to_perfect():
    _, level, low, high, labels = scene(2)
    ends = level.frame.voxel_to_world(low), level.frame.voxel_to_world(high)
    low, high = np.minimum(*ends), np.maximum(*ends)
    corners = np.stack([low, np.stack([low[:, 0], high[:, 1]], 1), np.stack([high[:, 0], low[:, 1]], 1), high], 1)

    class Case:
        id, boxes_known, levels = "a", True, (level,)

    Case.labels, Case.corners = labels, corners.reshape(-1, 2)
    assert np.allclose(box_ends(Case.corners)[1], high)
    perfect = BoxesFound(low, high, np.ones(4), labels)
    assert TASK.measure([Case], {"a": perfect}) == {"error": 0.0, "ap50": 1.0}
    nothing = BoxesFound(low[:0], high[:0], np.ones(0), labels[:0])
    assert TASK.measure([Case], {"a": nothing})["error"] == 1.0


def at_the_edge(dims):
    """An image of 10 voxels, a box that ends with it, and what is said of it: too far out, and something beyond."""
    frame = ImageFrame((10,) * dims, np.eye(dims + 1), "px")
    truth = np.full((1, dims), 5.5), np.full((1, dims), 9.5)
    low, high = np.array([[5.5] * dims, [12.0] * dims]), np.array([[15.5] * dims, [14.0] * dims])
    return frame, truth, BoxesFound(low, high, np.array([0.8, 0.9]), np.array([0, 0]))


@pytest.mark.parametrize("dims", DIMS)
def test_boxes_are_measured_and_answered_cut_at_the_edge_of_the_image(dims):
    frame, truth, said = at_the_edge(dims)

    class Case:
        id, boxes_known, labels = "a", True, np.array([0])
        corners = BoxSet(("cat",), *truth).corners.reshape(-1, dims)
        levels = (LevelArray(frame, np.zeros((1, *frame.shape))),)

    assert TASK.measure([Case], {"a": said}) == {"error": 0.0, "ap50": 1.0}
    (answer,) = boxes_content(said, CLASSES, 0.5, frame)
    assert (answer["low"], answer["high"], answer["belief"]) == ([5.5] * dims, [9.5] * dims, 0.8)


@pytest.mark.parametrize("dims", DIMS)
def test_the_threshold_of_boxes_is_of_boxes_cut_at_the_edge_of_the_image(dims, monkeypatch):
    frame, truth, said = at_the_edge(dims)
    monkeypatch.setattr(BoxesTask, "locate", lambda *_: said)
    model = Model("m", dims, "px", None, TASK, (ModelLevel(1.0, "fcn", {}, 0.0),), (None,), Calibration())
    case = (LevelArray(frame, np.zeros((1, *frame.shape))),), BoxSet(("cat",), *truth).corners[0], np.array([0])
    assert calibrate_boxes(model, [case]).calibration.threshold == 0.8
