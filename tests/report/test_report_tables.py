"""Tables, curves and facts from plain data."""

import io
from functools import partial

import numpy as np
import pytest

from pipeline.data.box_predictions import BoxPredictions
from pipeline.data.dataset import Case, Dataset
from pipeline.errors import DataError
from pipeline.metrics import macro_mean, summarise
from pipeline.metrics.errors import Outcomes
from pipeline.report.cases import best_median_worst, by_case, typical_and_worst
from pipeline.report.columns import columns, number, percent
from pipeline.report.curves import error_curve, training_curve
from pipeline.report.facts import UNKNOWN, budget_given, levels, look_up, look_up_setting
from pipeline.report.figure import label
from pipeline.report.page import Listing, Page, Picture, render, sentences, tiles
from pipeline.report.paper import MEAN_MM, paper_errors
from pipeline.report.run_files import read_rows
from pipeline.report.terminal import agreement_table, summary_table
from pipeline.stages import report_boxes, report_values, report_vectors

NONE = np.nan


def summary(errors, names, **more):
    error = np.array(errors, float)
    status = np.where(np.isfinite(error), "found", "missed")
    subjects = [str(i) for i in range(len(error))]
    numbers = summarise(Outcomes(status, error), subjects, names, wrong_beyond=more.get("wrong_beyond"))
    head = {"unit": "mm", "split": "test", "cases": len(error), "subjects": len(error), "failures": {}}
    return head | numbers | {"settings": {"wrong_beyond": more.get("wrong_beyond")}}


def printed(table, width=80):
    from rich.console import Console

    console = Console(width=width, file=io.StringIO())
    console.print(table)
    return console.file.getvalue()


def test_the_terminal_shows_each_landmark_and_all_within_eighty_columns():
    names = list(MEAN_MM)
    text = printed(summary_table(summary(np.full((3, 6), 1.25), names), paper_errors(names)))
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text and "noncoronary_commissure" in text
    for words in ("1.25", "100%", "2.19", "1.89", "its own scans"):
        assert words in " ".join(text.split())


def test_errors_of_micrometres_are_told_and_those_that_are_rounded_away_are_nothing():
    text = printed(summary_table(summary([[0.00234], [0.00234], [0.0032]], ["a"])))
    assert text.count("0.0023") >= 2 and "0.0032" in text
    assert [number(v) for v in (0.0, 1e-12, -0.034, 0.1, 99.99)] == ["0.00", "0.00", "-0.034", "0.10", "99.99"]


def test_the_names_of_distances_are_whole_within_eighty_columns():
    numbers = {"n": 19, "reference": 28.3, "answer": 28.6, "bias": 0.32, "sd": 0.32, "limits": [-0.32, 0.95]}
    sure = {"icc": 0.992, "icc_ci95": [0.931, 0.998], "cases": {}}
    pair = {"between": ["right_ostium", "noncoronary_commissure"], **numbers, **sure}
    few = {"between": ["[b]a", "b"], **dict.fromkeys([*numbers, *sure]), "n": 2}
    text = printed(agreement_table({"unit": "mm", "distances": [pair, few]}))
    assert max(map(len, text.splitlines())) <= 80 and "…" not in text
    for words in ("noncoronary_commissure", "[b]a and", "0.992", "–", "Shrout"):
        assert words in text


def test_markup_in_a_landmark_name_is_shown_and_not_obeyed():
    assert "[red]a" in printed(summary_table(summary([[1.0]], ["[red]a"])))


def test_markup_in_the_name_of_a_folder_is_shown_and_not_obeyed():
    shown = summary([[1.0]], ["a"]) | {"folders": {"images/set[/a]": {"cases": 1, "mean": 1.0}}}
    assert "images/set[/a]: 1" in printed(summary_table(shown))


def test_a_summary_without_any_error_shows_dashes():
    text = printed(summary_table(summary([[NONE]], ["a"])))
    assert "–" in text and "0%" in text and "nan" not in text.lower()


def test_beyond_sixty_landmarks_the_terminal_keeps_the_worst():
    names = [f"p{i:03d}" for i in range(70)]
    text = printed(summary_table(summary([np.arange(70.0)] * 2, names)))
    assert "p069" in text and "p005" not in text and "60 worst of 70" in text


@pytest.mark.parametrize(
    ("errors", "told"),
    [([[1.0, 5.0], [2.0, NONE]], True), ([[1.0, 5.0], [2.0, 4.0]], False), ([[1.0, NONE], [2.0, NONE]], False)],
)
def test_the_mean_of_landmarks_alike_is_told_where_they_were_measured_unlike_often(errors, told):
    shown = summary(errors, ["a", "b"])
    old = " ".join(printed(summary_table(shown)).split())
    shown |= {"metrics": {"macro_mean": macro_mean(shown["landmarks"])}}
    terminal, page = " ".join(printed(summary_table(shown)).split()), " ".join(sentences(shown, None))
    assert ("(macro), the mean is 3.25 mm." in terminal) == ("(macro), the mean is 3.25 mm." in page) == told
    assert ("macro" in terminal) == ("macro" in page) == told and "macro" not in old  # a summary of an early version


def test_columns_with_nothing_to_say_are_left_out():
    titles = [c.title for c in columns(summary([[1.0]], ["a"]))]
    assert not {"absent told", "wrong place", "radius held"} & set(titles)
    assert "wrong place" in [c.title for c in columns(summary([[1.0]], ["a"], wrong_beyond=18))]


def test_the_paper_is_cited_only_for_its_own_landmarks_and_in_mm():
    assert paper_errors(["nose"]) is None and paper_errors(["right_ostium"], "px") is None
    assert paper_errors(["nose", "right_ostium"]) == {"right_ostium": 2.19}


def test_the_page_speaks_of_the_part_that_it_shows():
    empty = render(Page("t", (), None, part="validation"))
    many = render(Page("t", (), summary([[1.0] * 13], [f"p{i}" for i in range(13)]), part="validation"))
    assert "no validation/summary.json" in empty and "no validation/errors.csv" in many
    assert "test/" not in empty + many


def test_short_cells_of_tables_are_never_broken_and_long_ones_have_room():
    cells = ("tar_at_far01", "0.0000", "pairs of one identity", "a" * 25)
    listing = Listing(("number", "value", "meaning", "word"), (cells,))
    text = render(Page("t", (), None, measured=listing))
    assert text.count('<td class="whole">') == 2 and f"<td>{'a' * 25}</td>" in text


def test_all_is_said_only_of_all():
    assert [percent(v) for v in (1, 0.999, 0.5, 0.001, 0)] == ["100%", "99.9%", "50%", "0.1%", "0%"]


def rows(errors):
    return [
        {"case": f"c{i}", "subject": "s", "landmark": "ab"[k], "status": "found" if e else "missed", "error": e}
        for i, case in enumerate(errors)
        for k, e in enumerate(case)
    ]


def test_best_median_and_worst_go_by_the_mean_of_what_was_measured():
    cases = by_case(rows([["4", "4"], ["1", "1"], ["9", ""], ["2", "2"], ["", ""]]), "ab")
    assert [(w, c.id) for w, c in best_median_worst(cases)] == [("best", "c1"), ("median", "c3"), ("worst", "c2")]
    assert best_median_worst(cases[-1:]) == []


def test_one_or_two_cases_are_shown_once():
    cases = by_case(rows([["4", "4"], ["1", "2"]]), "ab")
    assert [w for w, _ in best_median_worst(cases[:1])] == ["best"]
    assert [w for w, _ in best_median_worst(cases)] == ["best", "worst"]
    assert typical_and_worst(cases[1]) == [("typical", 0), ("its worst", 1)]


def test_pages_of_boxes_and_of_values_show_a_picture_once_and_say_what_it_is_in_words(tmp_path):
    cases = tuple(Case(name, name, f"{name}.png", {}, "test") for name in "ab")
    data = Dataset("two", tmp_path, (), cases, "px")
    (tmp_path / "boxes_errors.csv").write_text("case,subject,boxes,answers,right\na,a,1,1,1\nb,b,2,1,0\n")
    shown = list(report_boxes._pictures(tmp_path, data, BoxPredictions("m", {}, ("cell",))))
    assert [picture.heading for picture in shown] == ["Best case: a", "Worst case: b"]
    assert shown[0].caption == "1 right of 1 answer; 1 box in the reference"
    told = [{"case": n, "value": "age", "reference": "42.5", "answer": f"4{k}.40272809"} for k, n in enumerate("ab")]
    shown = list(report_values._pictures(data, told, {"values": {"age": {"mae": 1.0}}}))
    assert [picture.heading for picture in shown] == ["age: best", "age: worst"]
    assert shown[0].caption == "b: 42.5, answered 41.4"


def test_curves_of_nothing_are_none():
    assert error_curve(np.full((2, 1), NONE), [2], ["a"], [2.0], "mm") is None
    assert training_curve([], "mm") is None
    assert training_curve([{"level": "0", "step": "1", "loss_total": ""}], "mm") is None


def test_the_curve_names_landmarks_as_text_and_takes_the_pages_colour():
    drawn = error_curve(np.array([[1.0, 2.0]]), [0, 0], ["<b>", "_x$y$"], [2.0], "mm")
    assert "&lt;b&gt;" in drawn and "<b>" not in drawn and "_x$y$" in drawn
    assert "currentColor" in drawn and "http" not in drawn
    assert len(label("n" * 99)) == 28


@pytest.mark.parametrize("model", [None, [], {}, {"training": None}, {"training": {"minutes": None}, "minutes": 3}])
def test_a_budget_that_no_model_tells_is_not_recorded(model):
    assert budget_given(model) == UNKNOWN


def test_a_history_without_a_clock_is_drawn_over_steps():
    drawn = training_curve([{"level": "0", "step": str(i), "loss_total": str(10 / i)} for i in range(1, 40)], "mm")
    assert ">step<" in drawn and "level 1" in drawn


def test_the_curve_shows_lengths_where_what_chooses_the_best_is_none():
    rows = [{"level": "0", "step": str(step), "error": str(30 / step)} for step in (1, 2, 3)]
    beside = [row | {"error": "7", "landmarks_error": row["error"]} for row in rows]
    assert training_curve(beside, "mm") == training_curve(rows, "mm")


def test_facts_are_found_wherever_they_stand():
    model = {"training": {"seed": 3}, "levels": [{"spacing": [3.0, 3.0, 3.0]}, "original"]}
    assert look_up(model, "seed") == 3 and look_up(model, "none") is None
    assert levels(model) == "3, then original" and levels({}) == UNKNOWN
    text = "a: 1\ntraining:\n  seed: 5 # drawn\n  name: null\n"
    assert look_up_setting(text, "seed") == "5" and look_up_setting(text, "name") is None


@pytest.mark.parametrize("errors", [[[NONE]], [[1.0]], [[1.0], [2.0]]])
def test_the_page_stands_on_very_little(errors):
    text = render(Page("t", (), summary(errors, ["a"])))
    assert "nan" not in text and "None" not in text


@pytest.mark.parametrize(
    ("errors", "words"),
    [
        ([[NONE], [NONE]], "nothing was found"),
        ([[1.0], [NONE]], "found in one subject: no interval"),
        ([[1.0], [2.0]], "95% CI"),
    ],
)
def test_why_there_is_no_interval_is_said_as_it_is(errors, words):
    assert words in tiles(summary(errors, ["a"]))[0][2]


@pytest.mark.parametrize("unit", ["mm", "px"])
def test_only_scans_are_cut_and_have_sides_of_a_patient(unit):
    shown = summary([[1.0]], ["a"]) | {"unit": unit}
    text = render(Page("t", (), shown, pictures=(Picture("best", "a", None),)))
    assert ("cuts the scan" in text) == ("of the patient" in text) == (unit == "mm")


NEAREST = "case,identity,nearest_same,distance_same,nearest_other,distance_other"
FARTHEST = f"{NEAREST},farthest_same,distance_farthest"
OF_VALUES = partial(report_values._rows, summary={"values": {"age": {"mae": 1.0}, "sex": {}}})


@pytest.mark.parametrize(
    ("read", "header", "whole", "damaged"),
    [
        (
            partial(read_rows, cells=report_boxes.CELLS),
            "case,boxes,answers,right",
            "c,2,1,1",
            ("c,2,1", "c,2,,1", "c,1.5,1,1"),
        ),
        (
            OF_VALUES,
            "case,value,reference,answer,belief",
            "c,age,,4,",
            ("c,age", "c,age,3,,", "c,age,3,x,", "c,age,nan,4,", "c,sex,f,f,sure"),
        ),
        (report_vectors._rows, NEAREST, "c,ann,,,d,0.5", ("c,ann,e,0.1", "c,ann,e,0.1,d,x")),
        (report_vectors._rows, FARTHEST, "c,ann,,,d,0.5,,", ("c,ann,e,0.1,d,0.5,e", "c,ann,e,0.1,d,0.5,e,x")),
    ],
)
def test_a_row_that_is_cut_or_holds_no_number_names_the_table_and_the_case(tmp_path, read, header, whole, damaged):
    path = tmp_path / "table.csv"
    path.write_text(f"{header}\n{whole}\n")
    assert len(read(path)) == 1
    for row in damaged:
        path.write_text(f"{header}\n{whole}\n{row}\n")
        with pytest.raises(DataError, match=r"table.csv: case 'c': "):
            read(path)
