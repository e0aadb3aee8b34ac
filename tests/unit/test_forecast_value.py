"""What forecasts are worth: shares of the saving under a perfect one, by hand."""

import io

import pytest
from rich.console import Console

from sim.report.forecast_value import forecast_value, print_forecast_value
from sim.report.study_figures.forecast_value import forecast_value_figure
from sim.report.style import save_all
from sim.report.variants import VariantRow, VariantTable, shown_columns

CARBON = "carbon_operational_location_kg"


def row(variant, policy, carbon, error=None, ranks=None, **means):
    scores = {"forecast_nmae_ratio": error, "forecast_rank_correlation": ranks}
    return VariantRow(variant, policy, {CARBON: carbon, "cost_total_usd": 50.0} | scores | means)


BLIND = row("base", "fifo", 1000.0)
ORACLE = row("base", "shifty", 800.0, 0.0, 1.0)
GOOD = row("ridge", "shifty", 850.0, 0.1, 0.9)
POOR = row("persistence", "shifty", 1020.0, 0.3, None)


def table(*rows):
    return VariantTable("study", rows)


def test_captured_is_the_share_of_what_a_perfect_forecast_saves():
    value = forecast_value(table(BLIND, ORACLE, GOOD, POOR))
    assert value.goal == "carbon (average intensity)"
    assert value.saving_fraction == pytest.approx(0.2)
    found = {point.label: point.captured_fraction for point in value.points}
    assert found == pytest.approx({"perfect": 1.0, "ridge": 0.75, "persistence": -0.1})
    assert value.sentence == (
        "A perfect forecast saves 20.0 % of carbon (average intensity) against fifo."
    )


def test_where_the_bound_is_known_savings_are_held_against_that():
    def held(one, captured, bound=600.0):
        extra = {"bound_carbon_kg": bound, "captured_carbon_fraction": captured}
        return VariantRow(one.variant, one.policy, dict(one.means) | extra)

    # 600 at the least: of the 400 there are to save a perfect forecast saves 200.
    rows = [held(BLIND, 0.0), held(ORACLE, 0.5), held(GOOD, 0.375), held(POOR, -0.05)]
    useless = [held(row(one.variant, "rules", 1100.0, error), -0.25) for one, error in
               ((ORACLE, 0.0), (GOOD, 0.1), (POOR, 0.3))]
    value = forecast_value(table(*rows, *useless))
    found = {point.label: point.captured_fraction for point in value.points}
    assert found == {"perfect": 0.5, "ridge": 0.375, "persistence": -0.05}
    assert value.sentence == (
        "All known in advance saves 40.0 % of carbon (average intensity) against fifo; a perfect "
        "forecast captures 50.0 % of that."
    )


def test_a_variant_with_a_run_of_its_own_without_forecasts_is_held_to_that():
    own = row("ridge", "fifo", 900.0)
    value = forecast_value(table(BLIND, ORACLE, own, GOOD, POOR))
    found = {point.label: point.captured_fraction for point in value.points}
    assert found["ridge"] == pytest.approx((1 - 850 / 900) / 0.2)
    assert found["persistence"] == pytest.approx(-0.1)


def test_the_goal_is_that_of_the_signal_followed_else_the_one_with_most_to_save():
    rows = [
        row(one.variant, one.policy, one.means[CARBON], one.means["forecast_nmae_ratio"],
            one.means["forecast_rank_correlation"], carbon_marginal_kg=marginal)
        for one, marginal in zip((BLIND, ORACLE, GOOD, POOR), (100.0, 60.0, 70.0, 99.0),
                                 strict=True)
    ]
    value = forecast_value(table(*rows))
    assert value.goal == "carbon (marginal intensity)"
    assert value.saving_fraction == pytest.approx(0.4)
    for signals, fraction in ((("average_carbon_intensity",), 0.2), (("solar",), 0.4)):
        followed = VariantTable("study", tuple(rows), signals)
        assert forecast_value(followed).saving_fraction == pytest.approx(fraction)


@pytest.mark.parametrize(
    "rows",
    [
        (ORACLE, GOOD, POOR),
        (BLIND, GOOD, POOR, row("blend", "shifty", 840.0, 0.09, 0.9)),
        (BLIND, ORACLE, GOOD),
        (BLIND, row("base", "shifty", 1000.0, 0.0, 1.0), GOOD, POOR),
        (row("base", "fifo", None), ORACLE, GOOD, POOR),
    ],
    ids=["nobody blind", "no oracle", "two points", "nothing to save", "unknown carbon"],
)
def test_without_a_scale_there_is_nothing_to_tell(rows, tmp_path):
    (tmp_path / "old.png").write_text("of an earlier study")
    assert forecast_value(table(*rows)) is None
    assert forecast_value_figure(table(*rows)) is None
    assert save_all({"old": forecast_value_figure(table(*rows))}, tmp_path) == ()
    assert not (tmp_path / "old.png").exists()
    assert printed(*rows) == ""


def printed(*rows):
    text = io.StringIO()
    print_forecast_value(table(*rows), Console(file=text, width=100))
    return text.getvalue()


def test_the_table_lists_the_best_forecast_first():
    lines = [line.split() for line in printed(BLIND, ORACLE, POOR, GOOD).splitlines()]
    assert ["perfect", "shifty", "0.0", "1.00", "100"] in lines
    at = [lines.index(line) for line in (
        ["perfect", "shifty", "0.0", "1.00", "100"],
        ["ridge", "shifty", "10.0", "0.90", "75"],
        ["persistence", "shifty", "30.0", "-", "-10"],
    )]
    assert at == sorted(at)


def test_the_figure_has_a_point_for_each_forecast_by_error_and_by_ranks(tmp_path):
    figure = forecast_value_figure(table(BLIND, ORACLE, GOOD, POOR))
    by_error, by_ranks = figure.axes
    (points,) = [line for line in by_error.lines if line.get_marker() == "o"]
    assert points.get_xdata() == pytest.approx([0.0, 10.0, 30.0])
    assert points.get_ydata() == pytest.approx([100.0, 75.0, -10.0])
    (points,) = [line for line in by_ranks.lines if line.get_marker() == "o"]
    assert points.get_xdata() == pytest.approx([1.0, 0.9])
    names = {text.get_text() for text in by_error.texts}
    assert names == {"perfect 100 %", "ridge 75 %", "persistence -10 %", "fifo"}
    (path,) = save_all({"f": figure}, tmp_path)
    assert path.read_bytes()[:4] == b"\x89PNG"


def test_forecasts_are_in_the_table_of_variants_only_if_they_differ():
    def has(*rows):
        return "forecast_nmae_ratio" in [metric.name for metric in shown_columns(rows)]

    assert has(BLIND, ORACLE, GOOD)
    assert not has(BLIND, GOOD, row("other", "shifty", 870.0, 0.1, 0.9))
    assert not has(BLIND)
