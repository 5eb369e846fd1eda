"""Landmarks and values from one network: every part is taught, weighed, said and measured."""

import io
import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from blobs import BLOBS, blob_cases
from crooked import DIMS, upright_frame

from pipeline.data.columns import Column
from pipeline.data.encoders import Encoder
from pipeline.data.store import LevelArray
from pipeline.networks.network import build_network
from pipeline.tasks.asked import Asked
from pipeline.tasks.landmarks import LandmarksTask
from pipeline.tasks.multi import MultiTask
from pipeline.tasks.names import clash
from pipeline.tasks.settings import AttributeSettings, LossSettings
from pipeline.tasks.truth import Truth
from pipeline.training import cascade as cascade_module
from pipeline.training import loop
from pipeline.training.balance import Balance, mean_pulls, pulls, shares
from pipeline.training.budget import Budget
from pipeline.training.cascade import Cascade
from pipeline.training.loop import start_level
from pipeline.training.progress import Progress
from pipeline.training.settings import LevelSettings, TrainingSettings

OUTPUTS = (Encoder(Column("age", "number"), 50.0, 10.0), Encoder(Column("phase", "class"), words=("early", "late")))
TASK = MultiTask.new(Asked(("tip", "root"), (), OUTPUTS), TrainingSettings())


def network(dims, number=0, task=TASK):
    torch.manual_seed(dims)
    return build_network("fcn", dims, 1, task.heads(dims, number), stride=4, width=4, growth=2, depth=1)


def example(dims):
    torch.manual_seed(1)
    values = {"age": torch.tensor([[1.0], [math.nan]]), "phase": torch.tensor([[0.0], [1.0]])}
    points = torch.full((2, 2, dims), 7.0)
    return torch.rand(2, 1, *(16,) * dims), Truth(points, torch.ones(2, 2, dtype=torch.bool), values=values)


def test_only_the_first_level_is_asked_about_values():
    assert list(TASK.heads(2, 0)) == ["belief", "displacement", "value0", "value1"]
    assert list(TASK.heads(2, 1)) == ["belief", "displacement"]


def test_landmarks_and_boxes_are_weighed_without_values_too():
    asked = MultiTask.new(Asked(("tip",), ("cell",)), TrainingSettings())
    assert [asked.parts(number) for number in (0, 1)] == [{"landmarks": 1.0, "boxes": 1.0}, {}]
    made = network(2, task=asked)
    assert start_level(made, Budget(None, 1), TrainingSettings(), asked.parts(0)).balance is not None
    assert start_level(made, Budget(None, 1), TrainingSettings(), asked.parts(1)).balance is None


@pytest.mark.parametrize("dims", DIMS)
def test_the_total_is_the_weighted_sum_of_the_parts(dims):
    weighed = replace(
        TASK.attributes, settings=replace(TASK.attributes.settings, weights={"age": 3.0, "landmarks": 0.5})
    )
    task, made = replace(TASK, attributes=weighed), network(dims)
    image, truth = example(dims)
    terms = task.losses(made, image, made({"image": image}), truth)
    assert terms["total"].item() == pytest.approx(
        0.5 * terms["landmarks"].item() + 3 * terms["age"].item() + terms["phase"].item(), rel=1e-5
    )
    alone = LandmarksTask(names=TASK.names).losses(made, image, made({"image": image}), truth)
    assert terms["landmarks"].item() == pytest.approx(alone["total"].item())


def test_no_value_may_be_called_as_another_loss_is():
    task = MultiTask.new(Asked(("tip", "root"), ("cell",)), TrainingSettings(loss=LossSettings(presence=1.0)))
    made, (image, truth) = network(2, task=task), example(2)
    truth = replace(truth, labels=torch.zeros(2, 1, dtype=torch.long), corners=torch.rand(2, 4, 2))
    for name in task.losses(made, image, made({"image": image}), truth):
        assert f"cannot be called '{name}'" in str(clash((), (Column(name, "number"),), {}, "multi"))


@pytest.mark.parametrize("dims", DIMS)
def test_what_is_said_of_the_image_stays_the_first_levels(dims):
    frame = upright_frame((16,) * dims)
    level = LevelArray(frame, np.random.default_rng(0).random((1, *frame.shape)).astype(np.float32))
    first = TASK.locate(network(dims).eval(), level)
    values = TASK.values_of(first).said
    assert values["age"].shape == (1,) and values["phase"].sum() == pytest.approx(1.0)
    second = TASK.locate(network(dims, 1).eval(), level, first, 8.0)
    assert TASK.values_of(second).said["age"] == values["age"]


@pytest.mark.parametrize("dims", DIMS)
def test_the_bar_tells_lengths_though_values_help_to_choose(dims):
    level = LevelArray(upright_frame((16,) * dims), np.zeros((1, *(16,) * dims), np.float32))
    found, values = TASK.locate(network(dims).eval(), level), {"age": np.array([9.0]), "phase": np.array([0.0])}
    rows = []
    for off in (3.0, 6.0):
        world = found.world + off * np.eye(dims)[0]
        case = SimpleNamespace(id="c", world=world, values=values, boxes_known=False)
        rows.append(TASK.measure([case], {"c": found}))
    assert [row["landmarks_error"] for row in rows] == pytest.approx([3.0, 6.0]) and rows[0]["error"] > 4
    state = SimpleNamespace(budget=Budget(None, 4), history=rows, best_error=rows[0]["error"])
    with Progress(0, 1, 1.0, "mm", io.StringIO(), "mm") as progress:
        progress.show(state, 0.5)
        assert progress.bar.postfix == "step 0, loss 0.500, validation 6.00 mm (best 3.00)"


def balance_of(how, scale=30.0):
    """Two parts that pull at one linear layer, one of them `scale` times as hard."""
    made = network(1)
    made.watched = True
    balance = Balance(how, {"large": 1.0, "small": 1.0})
    image, truth = example(1)

    def terms():
        said = TASK.losses(made, image, made({"image": image}), truth)
        return {"large": scale * said["age"], "small": said["phase"]}

    return made, balance, terms


def pull_shares(made, balance, terms):
    told = shares({}, mean_pulls((terms() for _ in range(1)), balance, made), balance)
    return {name.removeprefix("pull_share_"): share for name, share in told.items() if name.startswith("pull_")}


def test_fixed_weights_stay_and_say_who_pulls_how_hard():
    made, balance, terms = balance_of("fixed")
    now = terms()
    assert balance.total(now, made).item() == pytest.approx((now["large"] + now["small"]).item())
    pull = pull_shares(made, balance, terms)
    assert pull["large"] > 0.8 and pull["large"] + pull["small"] == pytest.approx(1)


def test_gradnorm_moves_the_weights_until_both_pull_about_alike():
    made, balance, terms = balance_of("gradnorm")
    made.train()
    for _ in range(120):
        balance.total(terms(), made)
    assert 0.4 < pull_shares(made, balance, terms)["small"] < 0.6
    assert torch.exp(balance.learned).sum().item() == pytest.approx(2.0, rel=1e-4)


def test_gradnorm_keeps_the_sum_of_weights_that_are_given_unlike():
    made, _, terms = balance_of("gradnorm")
    balance = Balance("gradnorm", {"large": 3.0, "small": 1.0}).train()
    made.train()
    for _ in range(120):
        balance.total(terms(), made)
    assert balance.weights.sum().item() == pytest.approx(4.0, rel=1e-4)


def test_gradnorm_keeps_what_it_learned_where_a_part_has_no_truth():
    """Where one part is alone in every other batch, the weights become what they become without these batches."""
    found = []
    for every in (1, 2):
        made, balance, terms = balance_of("gradnorm")
        made.train()
        for step in range(60 * every):
            now = terms()
            balance.total(now if step % every == 0 else now | {"small": 0 * now["small"]}, made)
        found.append(torch.exp(balance.learned).tolist())
    assert found[1] == pytest.approx(found[0], rel=1e-3) and found[0][1] > 1.5
    assert sum(found[1]) == pytest.approx(2.0, rel=1e-4)


def test_gradnorm_does_not_let_a_part_that_cannot_be_learned_drown_the_others():
    """One has learned a hundredth of what it began with, the other nothing: it may pull harder, not alone."""
    made, balance, terms = balance_of("gradnorm")
    made.train()
    balance.total(terms(), made)
    balance.first[1] *= 100
    for _ in range(200):
        balance.total(terms(), made)
    assert 0.25 < pull_shares(made, balance, terms)["small"] < 0.45


def test_uncertainty_weighs_a_part_by_the_inverse_of_its_loss():
    """With fixed losses L the best s is log(2 L), so that the weight exp(-s) is 1 / (2 L)."""
    made, balance, _ = balance_of("uncertainty")
    fixed = {"large": torch.tensor(30.0), "small": torch.tensor(0.5)}
    optimizer = torch.optim.Adam(balance.parameters(), lr=0.05)
    for _ in range(1500):
        optimizer.zero_grad()
        balance.total(fixed, made).backward()
        optimizer.step()
    assert torch.exp(-balance.learned).tolist() == pytest.approx([1 / 60, 1.0], rel=0.02)


@pytest.mark.parametrize("how", ["uncertainty", "gradnorm"])
def test_a_part_of_weight_0_takes_no_part(how):
    made, _, terms = balance_of(how)
    balance = Balance(how, {"large": 0.0, "small": 1.0}).train()
    optimizer = torch.optim.Adam(balance.parameters(), lr=0.5)
    for _ in range(50):
        optimizer.zero_grad()
        total = balance.total(terms(), made)
        total.backward()
        optimizer.step()
    assert torch.isfinite(total) and balance.learned[0] == 0
    assert pull_shares(made, balance, terms) == {"large": 0.0, "small": 1.0}


@pytest.mark.parametrize("how", ["uncertainty", "gradnorm"])
def test_a_part_without_truth_in_the_first_batch_is_weighed_when_it_has_some(how):
    made, balance, terms = balance_of(how, scale=1.0)
    before = terms() | {"large": 0 * terms()["large"]}
    balance.total(before, made)
    assert balance.first[0].isnan() and torch.isfinite(balance.learned).all() and balance.learned.abs().max() < 10
    assert torch.isfinite(balance.total(terms(), made)) and not balance.first.isnan().any()


def test_uncertainty_weighs_a_part_that_is_seldom_known_by_the_steps_that_know_it():
    """The weight is 1 / (2 L) as ever, not as many times that as there are steps for one with a truth."""
    made, balance, _ = balance_of("uncertainty")
    optimizer = torch.optim.Adam(balance.parameters(), lr=0.05)
    for step in range(500):
        optimizer.zero_grad()
        seldom = torch.tensor(0.0 if step % 10 else 2.0)
        balance.total({"large": torch.tensor(0.5), "small": seldom}, made).backward()
        optimizer.step()
    assert torch.exp(-balance.learned).tolist() == pytest.approx([1.0, 1 / 4], rel=0.05)


@pytest.mark.parametrize("how", ["uncertainty", "gradnorm"])
def test_a_given_weight_multiplies_the_one_that_is_found(how):
    """A part that is given three times the weight has three times what it has otherwise, however long is trained."""
    found = []
    for given in (3.0, 1.0):
        made, _, terms = balance_of(how, scale=1.0)
        made.train()
        balance = Balance(how, {"large": given, "small": 1.0})
        optimizer = torch.optim.Adam(balance.parameters(), lr=0.05)
        for _ in range(300):
            optimizer.zero_grad()
            balance.total(terms(), made).backward()
            optimizer.step()
        pull = pull_shares(made, balance, terms)
        found.append(pull["large"] / pull["small"])
    assert found[0] == pytest.approx(3 * found[1], rel=0.02)


def test_pulls_are_lengths_of_gradients_at_the_shared_features():
    made, _, terms = balance_of("fixed")
    now = terms()
    length = pulls(torch.stack(list(now.values())), made)
    (gradient,) = torch.autograd.grad(now["large"], made.shared)
    assert length[0].item() == pytest.approx(gradient.norm().item())


def test_shares_are_of_weighted_parts_that_have_a_truth_worked_out_by_hand():
    balance = Balance("fixed", {"age": 1.0, "phase": 3.0, "sex": 1.0})
    weights = {"weight_age": 1.0, "weight_phase": 3.0, "weight_sex": 1.0}
    assert shares({"age": 3.0, "phase": 1.0, "sex": 0.0}, {"age": 1.0, "phase": 1.0}, balance) == weights | {
        "loss_share_age": 0.5,
        "loss_share_phase": 0.5,
        "pull_share_age": 0.25,
        "pull_share_phase": 0.75,
    }
    assert shares(dict.fromkeys(balance.names, 0.0), {}, balance) == weights
    assert shares({"age": 3.0, "phase": 1.0}, {}, Balance("fixed", {"age": 1.0, "phase": 1.0})) == {
        "loss_share_age": 0.75,
        "loss_share_phase": 0.25,
    }


def test_pulls_are_means_over_the_batches_that_have_a_truth():
    made, balance, terms = balance_of("fixed")
    whole = mean_pulls((terms() for _ in range(1)), balance, made)
    batches = (now | {"small": times * now["small"]} for times in (2.0, 0.0, 4.0) for now in [terms()])
    assert mean_pulls(batches, balance, made) == pytest.approx({"large": whole["large"], "small": 3 * whole["small"]})
    assert list(mean_pulls((terms() | {"small": torch.tensor(0.0)} for _ in range(2)), balance, made)) == ["large"]


def learning_all(folder, dims, how, steps=24):
    """Landmarks and two values, each of which every other case has, with weights of their own."""
    level = LevelSettings(parameters={"stride": 4, "width": 4, "growth": 2, "depth": 1}, batch=1)
    settings = TrainingSettings(
        minutes=None, steps=steps, validations=4, precision="float32", threads=1, coarse=level,
        attributes=AttributeSettings(weights={"age": 3.0}, balance=how),
    )  # fmt: skip
    torch.set_num_threads(1)
    cases = [
        replace(
            case,
            values={
                "age": np.array([math.nan if number % 2 else number - 2.0], np.float32),
                "phase": np.array([number // 2 % 2 if number % 2 else math.nan], np.float32),
            },
        )
        for number, case in enumerate(blob_cases(dims, 6, 0, 16))
    ]
    facts = ((1.0,), "mm", settings, "cpu", folder, "x")
    return Cascade(cases, cases, *facts, question="multi", asked=Asked(BLOBS.landmarks, (), OUTPUTS))


@pytest.mark.parametrize("how", ["fixed", "uncertainty", "gradnorm"])
def test_the_shares_of_a_row_are_those_of_its_losses_and_weights(tmp_path, how):
    (level,) = learning_all(tmp_path, 1, how).train()
    for row in level.history:
        parts = {name: row[f"weight_{name}"] * row[f"loss_{name}"] for name in ("landmarks", "age", "phase")}
        for name, part in parts.items():
            assert row[f"loss_share_{name}"] == pytest.approx(part / sum(parts.values()))
        assert sum(share for name, share in row.items() if name.startswith("pull_share_")) == pytest.approx(1)
    assert (level.history[-1]["weight_age"] == 3.0) == (how == "fixed")


@pytest.mark.parametrize("how", ["fixed", "gradnorm"])
@pytest.mark.parametrize("dims", DIMS)
def test_that_shares_are_looked_at_changes_no_weight(tmp_path, monkeypatch, dims, how):
    (looked,) = learning_all(tmp_path / "looked", dims, how).train()
    monkeypatch.setattr(loop, "_divided", lambda *_: {})
    (not_looked,) = learning_all(tmp_path / "not", dims, how).train()
    ours, others = looked.network.state_dict(), not_looked.network.state_dict()
    assert all(torch.equal(value, others[name]) for name, value in ours.items())
    assert [row["loss_total"] for row in looked.history] == [row["loss_total"] for row in not_looked.history]


@pytest.mark.parametrize("save", [5, 6, 7])  # after every step; validated every sixth
def test_a_run_killed_beside_a_validation_tells_the_shares_of_an_undisturbed_one(tmp_path, monkeypatch, save):
    (whole,) = learning_all(tmp_path / "whole", 1, "gradnorm").train()
    real, saves = cascade_module.save_level, []

    def killed(*args):
        real(*args)
        saves.append(1)
        if len(saves) == save:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(loop, "BETWEEN_SAVES", 0.0)
        patch.setattr(cascade_module, "save_level", killed)
        with pytest.raises(KeyboardInterrupt):
            learning_all(tmp_path / "killed", 1, "gradnorm").train()
    (resumed,) = learning_all(tmp_path / "killed", 1, "gradnorm").train()
    assert resumed.history == whole.history
