"""One thing or none: the patches are heard by belief, and both losses are least for what is true."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from crooked import DIMS, upright_frame

from pipeline.data.columns import Column
from pipeline.data.encoders import Encoder
from pipeline.data.store import LevelArray
from pipeline.errors import ConfigError
from pipeline.geometry.boxes import BoxSet
from pipeline.losses.one_object import gated_squares, generalised_iou
from pipeline.networks.network import build_network
from pipeline.tasks.asked import Asked
from pipeline.tasks.boxes_found import BoxesFound
from pipeline.tasks.one_object import OneObjectTask, _heard
from pipeline.tasks.settings import ObjectSettings
from pipeline.tasks.table import TASKS, name_of, new_task, task_class
from pipeline.tasks.truth import UNKNOWN, Truth

CLASSES = ("cat", "dog")
LOSSES = ("entropy_and_overlap", "gated_squares")


def truth_of(low, high, label):
    """One image with a box, one without."""
    dims = len(low)
    corners = torch.tensor([[[low, high][(n >> a) & 1][a] for a in range(dims)] for n in range(2**dims)])
    points = torch.stack([corners, torch.full_like(corners, torch.nan)]).float()
    return Truth(points[:, :0], torch.ones(2, 0, dtype=torch.bool), torch.tensor([[label], [-1]]), points)


def outputs(low, high, label, cells, stride=4):
    """What a network says that knows the box of the first image, and that the second shows none."""
    dims = len(low)
    axes = [torch.arange(n) * stride + (stride - 1) / 2 for n in cells]
    centres = torch.stack(torch.meshgrid(*axes, indexing="ij"))
    low, high = (torch.tensor(v).reshape(dims, *[1] * dims) for v in (low, high))
    offset = ((low + high) / 2 - centres) / stride
    size = torch.log((high - low) / stride).expand_as(offset)
    kinds = torch.zeros(2, len(CLASSES) + 1, *cells)
    kinds[0, label + 1], kinds[1, 0] = 12.0, 12.0
    return {
        "belief": torch.zeros(2, 1, *cells),
        "offset": offset.expand(2, 1, *offset.shape),
        "size": size.expand(2, 1, *size.shape),
        "class": kinds,
    }


class Known:
    """As much of a network as the losses ask for: patches of four voxels."""

    class cells:
        stride, first = 4, 1.5

        @staticmethod
        def cells(voxels):
            return voxels // 4


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("dims", DIMS)
def test_both_losses_are_least_where_class_and_box_are_right(dims, loss):
    task = OneObjectTask(CLASSES, ObjectSettings(loss))
    low, high, cells = [6.0, 9.0, 4.0][:dims], [20.0, 17.0, 15.0][:dims], (8, 6, 5)[:dims]
    image = torch.zeros(2, 1, *(4 * n for n in cells))
    truth = truth_of(low, high, 1)
    right = task.losses(Known, image, outputs(low, high, 1, cells), truth)["total"]
    aside = task.losses(Known, image, outputs([v + 5 for v in low], [v + 5 for v in high], 1, cells), truth)["total"]
    other = task.losses(Known, image, outputs(low, high, 0, cells), truth)["total"]
    assert right < 1e-3 and aside > 10 * right and other > 10 * right


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("dims", DIMS)
def test_images_of_which_nothing_is_known_teach_nothing(dims, loss):
    task = OneObjectTask(CLASSES, ObjectSettings(loss))
    low, high, cells = [6.0, 9.0, 4.0][:dims], [20.0, 17.0, 15.0][:dims], (8, 6, 5)[:dims]
    image, said = torch.zeros(2, 1, *(4 * n for n in cells)), outputs(low, high, 0, cells)
    said = {name: part.clone().requires_grad_() for name, part in said.items()}
    truth, first = truth_of(low, high, 1), {name: part[:1] for name, part in said.items()}
    one = Truth(truth.points[:1], truth.known[:1], truth.labels[:1], truth.corners[:1])
    alone = task.losses(Known, image[:1], first, one)
    beside = task.losses(Known, image, said, replace(truth, labels=torch.tensor([[1], [UNKNOWN]])))
    assert {n: t.item() for n, t in beside.items()} == pytest.approx({n: t.item() for n, t in alone.items()})
    nothing = task.losses(Known, image, said, replace(truth, labels=torch.full((2, 1), UNKNOWN)))
    assert set(nothing) == set(alone) and not any(term.item() for term in nothing.values())
    nothing["total"].backward()
    assert all(not part.grad.any() for part in said.values())


def test_patches_are_heard_by_their_belief_worked_out_by_hand():
    belief = torch.tensor([[0.0, float(np.log(3))]])  # a quarter and three quarters
    kind = torch.tensor([[[1.0, 5.0], [0.0, 4.0]]])
    offset, size = torch.tensor([[[0.5, -0.5]]]), torch.zeros(1, 1, 2)
    logits, box = _heard(belief, offset, size, kind, torch.tensor([[2.0, 6.0]]), 4)
    assert torch.allclose(logits, torch.tensor([[4.0, 3.0]]))
    assert torch.allclose(box, torch.tensor([[4.0, 4.0]]))  # both point at 4; an edge of one stride


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("dims", DIMS)
def test_a_network_learns_and_answers(dims, loss):
    torch.manual_seed(0)
    task = OneObjectTask(CLASSES, ObjectSettings(loss))
    network = build_network("fcn", dims, 1, task.heads(dims, 0), stride=4, width=4, growth=2, depth=1)
    image = torch.rand(2, 1, *(24,) * dims)
    terms = task.losses(network, image, network({"image": image}), truth_of([4.0] * dims, [12.0] * dims, 0))
    terms["total"].backward()
    assert torch.isfinite(terms["total"])
    level = LevelArray(
        upright_frame((22,) * dims), np.random.default_rng(0).random((1, *(22,) * dims)).astype(np.float32)
    )
    found = task.locate(network.eval(), level)
    assert found.low.shape == (1, dims) and (found.low <= found.high).all()
    assert 0 <= found.belief[0] <= 1 and found.label[0] in (0, 1)


@pytest.mark.parametrize("dims", DIMS)
def test_a_class_that_no_training_case_shows_is_never_the_answer(dims):
    torch.manual_seed(dims)
    network = build_network("fcn", dims, 1, OneObjectTask(CLASSES).heads(dims, 0), stride=4, width=4, growth=2, depth=1)
    level = LevelArray(upright_frame((22,) * dims), np.random.default_rng(0).random((1, *(22,) * dims), np.float32))
    said = [OneObjectTask(CLASSES, untaught=names).locate(network.eval(), level) for names in ((), ("cat",), ("dog",))]
    assert [one.label.tolist() for one in said[1:]] == [[1], [0]]
    assert said[0].belief == said[1].belief == said[2].belief  # that anything is there, whatever it is


@pytest.mark.parametrize("name", ["boxes", "one_object", "multi"])
def test_an_early_model_does_not_know_which_classes_were_not_taught(name):
    from pipeline.training.settings import TrainingSettings

    asked = Asked(("tip",), CLASSES, (Encoder(Column("age", "number"), 40.0, 10.0),), untaught=("dog",))
    content = new_task(name, asked, TrainingSettings()).content()
    assert content.pop("untaught") == ["dog"]
    assert task_class(name).of_content(content).content()["untaught"] == []


def test_measuring_counts_right_classes_and_overlap():
    task = OneObjectTask(CLASSES)

    class Case:
        levels = (LevelArray(upright_frame((10, 10)), np.zeros((1, 10, 10))),)

    class Shown(Case):
        boxes_known, id, corners, labels = True, "a", np.array([[0.0, 0], [0, 4], [4, 0], [4, 4]]), np.array([1])

    class Empty(Case):
        boxes_known, id, corners, labels = True, "b", np.zeros((0, 2)), np.zeros(0, int)

    class Unsaid(Case):
        boxes_known, id, corners, labels = False, "c", np.full((4, 2), np.nan), np.array([UNKNOWN])

    def box(belief, label):
        return BoxesFound(np.array([[0.0, 0]]), np.array([[4.0, 2]]), np.array([belief]), np.array([label]))

    numbers = task.measure([Shown, Empty], {"a": box(0.9, 1), "b": box(0.2, 0)})
    assert (numbers["accuracy"], numbers["mean_iou"]) == (1.0, 0.5)
    assert task.measure([Shown, Empty, Unsaid], {"a": box(0.9, 1), "b": box(0.2, 0), "c": box(0.2, 1)}) == numbers
    assert task.measure([Shown, Empty], {"a": box(0.9, 0), "b": box(0.8, 0)})["accuracy"] == 0.0


@pytest.mark.parametrize("dims", DIMS)
def test_the_thing_is_measured_as_it_is_answered_cut_at_the_edge_of_the_image(dims):
    class Shown:
        boxes_known, id, labels = True, "a", np.array([0])
        levels = (LevelArray(upright_frame((10,) * dims), np.zeros((1, *(10,) * dims))),)
        corners = BoxSet(("cat",), np.full((1, dims), 5.5), np.full((1, dims), 9.5)).corners[0]

    def measured(low, high):
        box = BoxesFound(np.full((1, dims), low), np.full((1, dims), high), np.ones(1), np.array([0]))
        numbers = OneObjectTask(CLASSES).measure([Shown], {"a": box})
        return numbers["accuracy"], numbers["mean_iou"]

    assert measured(5.5, 19.5) == (1.0, 1.0)
    assert measured(12.0, 14.0) == (0.0, 0.0)  # beyond the image: no answer


def test_overlap_of_boxes_apart_tells_how_far_apart_they_are():
    box = torch.tensor([[0.5, 0.5, 0.2, 0.2]])
    near, far = (generalised_iou(box, box + torch.tensor([[d, 0, 0, 0]])) for d in (0.3, 0.6))
    assert far < near < 0


def test_nothing_but_its_presence_counts_where_there_is_none():
    said = torch.tensor([[0.25, 3.0, 4.0, 5.0]])
    assert gated_squares(said, torch.zeros(1, 4)).item() == pytest.approx(0.0625)


@pytest.mark.parametrize("name", TASKS)
def test_every_task_of_the_table_can_be_made_and_knows_its_name(name):
    from pipeline.training.settings import TrainingSettings

    number = Encoder(Column("age", "number"), 40.0, 10.0)
    asked = Asked(("tip", "root"), CLASSES, (number,), untaught=CLASSES[1:])
    task = new_task(name, asked, TrainingSettings())
    assert name_of(task) == name
    kept = json.loads(json.dumps(task.content()))
    assert task_class(name).of_content(kept) == task


@pytest.mark.parametrize("name", ["boxes", "one_object", "multi"])
def test_classes_of_an_early_model_with_accents_apart_are_those_of_now(name):
    from pipeline.training.settings import TrainingSettings

    number = Encoder(Column("age", "number"), 40.0, 10.0)
    early = new_task(name, Asked(("tip",), ("cre\u0301te",), (number,)), TrainingSettings()).content()
    assert task_class(name).of_content(early).content()["classes"] == ["cr\u00e9te"]


def test_a_task_that_is_not_in_the_table_is_not_imported():
    with pytest.raises(ConfigError, match="choose one of landmarks, boxes"):
        task_class("os")
