"""How a budget is spent."""

import math
from dataclasses import replace

import pytest

from pipeline.training import budget as module
from pipeline.training.budget import Budget, ValidationClock, learning_rate, seconds_of_levels
from pipeline.training.cascade import Cascade
from pipeline.training.history import history_csv
from pipeline.training.settings import TrainingSettings


class FakeTime:
    """A clock that only moves when it is told to."""

    now = 100.0

    def monotonic(self):
        return self.now


@pytest.fixture
def time(monkeypatch):
    fake = FakeTime()
    monkeypatch.setattr(module, "time", fake)
    return fake


def fresh(seconds, steps, time=None, **kwargs):
    return Budget(seconds, steps, **kwargs | ({"started": time.now} if time else {}))


def test_the_rate_rises_straight_and_falls_like_a_cosine_worked_out_by_hand():
    assert learning_rate(0.025, 2.0) == pytest.approx(1.0)
    assert learning_rate(0.05, 2.0) == pytest.approx(2.0)
    assert learning_rate(0.525, 2.0) == pytest.approx(1.0)
    assert learning_rate(1.0, 2.0) == pytest.approx(0.0)
    assert 0 < learning_rate(0.0, 2.0) < 0.05  # the first step is not lost


def test_the_rate_holds_and_then_falls_straight_worked_out_by_hand():
    assert learning_rate(0.025, 2.0, 0.6) == pytest.approx(1.0)
    assert learning_rate(0.05, 2.0, 0.6) == learning_rate(0.6, 2.0, 0.6) == 2.0
    assert learning_rate(0.7, 2.0, 0.6) == pytest.approx(1.5)
    assert learning_rate(1.0, 2.0, 0.6) == 0.0
    assert learning_rate(0.99, 2.0, 1.0) == 2.0
    assert learning_rate(1.0, 2.0, 1.0) == 0.0


@pytest.mark.parametrize("hold", [None, 0.0, 0.5])
def test_the_rate_has_one_peak(hold):
    rates = [learning_rate(i / 200, 1.0, hold) for i in range(201)]
    peak = rates.index(max(rates))
    assert rates[: peak + 1] == sorted(rates[: peak + 1])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)


def test_a_budget_of_steps_counts_steps_alone(time):
    spent = fresh(None, 10, time)
    time.now += 1e6
    assert spent.fraction == 0
    spent.step = 4
    assert spent.fraction == pytest.approx(0.4)
    spent.step = 12
    assert spent.fraction == 1


def test_a_budget_of_seconds_counts_from_where_it_was(time):
    spent = fresh(100.0, None, time, used=30.0)
    time.now += 20
    assert (spent.elapsed, spent.fraction) == (50.0, 0.5)
    spent.step = 10**6
    assert spent.fraction == 0.5


def test_the_steps_expected_are_those_asked_for_or_as_many_as_the_speed_so_far_allows(time):
    assert fresh(None, 10, time).expected == 10
    timed = fresh(100.0, None, time)
    assert timed.expected == math.inf
    timed.step, time.now = 6, time.now + 20
    assert timed.expected == 30


def test_the_tighter_of_two_budgets_decides(time):
    spent = fresh(100.0, 10, time)
    spent.step, time.now = 2, time.now + 70
    assert spent.fraction == pytest.approx(0.7)


def test_no_budget_is_spent_at_once():
    assert Budget(None, None).fraction == 1


def due_at(times, steps, start=0):
    spent = Budget(None, steps, step=start)
    clock = ValidationClock(times, spent)
    due = []
    while spent.step < steps:
        spent.step += 1
        if clock.is_due():
            due.append(spent.step)
    return due


def test_validations_are_spread_over_the_steps_and_the_last_is_at_the_end():
    assert due_at(4, 20) == [5, 10, 15, 20]
    assert due_at(3, 10) == [4, 7, 10]
    assert due_at(10, 3) == [1, 2, 3]
    assert due_at(1, 7) == [7]


@pytest.mark.parametrize("start", [4, 7])
def test_a_resumed_run_validates_when_an_undisturbed_one_does(start):
    assert due_at(3, 10, start) == [n for n in due_at(3, 10) if n > start]


def test_under_a_time_budget_slow_validations_are_left_out_but_the_last(time):
    spent = fresh(100.0, None, time)
    clock = ValidationClock(10, spent)
    time.now += 10
    assert clock.is_due()
    with clock:
        time.now += 15  # more than a tenth of what has passed
    time.now += 10
    assert not clock.is_due()
    time.now += 120
    assert clock.is_due()


def test_under_a_step_budget_slow_validations_are_not_left_out(time):
    spent = fresh(None, 10, time)
    clock = ValidationClock(10, spent)
    for _ in range(10):
        spent.step += 1
        assert clock.is_due()
        with clock:
            time.now += 1000


def test_the_history_has_one_row_a_validation_and_level():
    rows = [[{"step": 5, "error": 1.23456789}], [{"step": 2, "error": 0.5}, {"step": 4, "error": 0.25}]]
    assert history_csv(rows) == "level,step,error\n0,5,1.23457\n1,2,0.5\n1,4,0.25\n"


@pytest.mark.parametrize(
    ("minutes", "first"),
    [(0.5, 15), (1, 30), (2, 60), (3, 60), (7, 120), (14, 240)],  # half, then a minute, then two sevenths
)
def test_the_first_level_gets_its_share_but_a_minute_or_half_at_least(minutes, first):
    parts = seconds_of_levels(60 * minutes, [0.4, 0.5, 0.5])
    assert parts == pytest.approx([first, (60 * minutes - first) / 2, (60 * minutes - first) / 2])


def test_networks_that_are_averaged_get_the_same(tmp_path):
    settings = TrainingSettings(minutes=1.0)
    settings = replace(settings, fine=settings.coarse)
    people, landmarks = (
        Cascade((), (), (2.0,) * 4, "px", settings, "cpu", tmp_path, "x", question=question)
        for question in ("embedding", "landmarks")
    )
    assert [people._budget(n).seconds for n in range(4)] == pytest.approx([15.0] * 4)
    assert [landmarks._budget(n).seconds for n in range(4)] == pytest.approx([30.0, 10.0, 10.0, 10.0])


def test_a_level_alone_gets_all():
    assert seconds_of_levels(60, [0.4]) == [60]
