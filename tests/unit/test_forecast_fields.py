"""What a scenario says of its forecasts: how it is read, what holds where, what is refused."""

import pytest
from scenario_texts import edited, problems

from sim.scenario.load import load_scenario
from sim.scenario.schema.forecast import Forecast, SiteForecast, signal_plan

LINE = "forecast: {model: seasonal-naive}"


def forecast(**fields):
    return Forecast.model_validate(fields)


# What holds where


def test_left_out_it_is_yesterday_again_for_all_signals():
    plan = signal_plan(Forecast(), None, "wind")
    assert (plan.model, plan.parameters) == ("seasonal-naive", {})
    assert (plan.horizon_h, plan.refresh_h, plan.latency_h, plan.quantiles) == (48, 6, 0, ())


def test_a_signal_has_its_own_and_the_rest_from_all():
    spec = forecast(
        model="ridge", horizon_h=72, signals={"price": {"model": "blend", "latency_h": 12}}
    )
    price, load = (signal_plan(spec, None, signal) for signal in ("price", "load"))
    assert (price.model, price.horizon_h, price.latency_h) == ("blend", 72, 12)
    assert (load.model, load.horizon_h, load.latency_h) == ("ridge", 72, 0)


def test_a_signal_counts_before_all_signals_and_a_site_before_all_sites():
    spec = forecast(model="a:A", signals={"price": {"model": "b:B"}, "wind": {"model": "c:C"}})
    site = SiteForecast.model_validate(
        {"model": "d:D", "refresh_h": 1, "signals": {"wind": {"model": "e:E", "quantiles": ()}}}
    )
    found = {signal: signal_plan(spec, site, signal) for signal in ("load", "price", "wind")}
    assert {signal: plan.model for signal, plan in found.items()} == {
        "load": "d:D", "price": "b:B", "wind": "e:E",
    }
    assert {plan.refresh_h for plan in found.values()} == {1}


def test_no_quantiles_for_a_signal_is_no_silence():
    spec = forecast(quantiles=(0.1, 0.9), signals={"load": {"quantiles": ()}})
    assert signal_plan(spec, None, "load").quantiles == ()
    assert signal_plan(spec, None, "wind").quantiles == (0.1, 0.9)


def test_a_mapping_names_the_forecaster_and_its_parameters(tmp_path):
    path = tmp_path / "s.yaml"
    path.write_text(edited((LINE, """\
forecast:
  model: {use: seasonal-naive, season_h: 168}
  horizon_h: 24
  signals:
    price: {model: persistence, refresh_h: 1}""")))
    spec = load_scenario(path).spec.forecast
    plan = signal_plan(spec, None, "load")
    assert (plan.model, plan.parameters) == ("seasonal-naive", {"season_h": 168})
    assert plan.horizon_h == 24
    assert signal_plan(spec, None, "price").refresh_h == 1


def test_a_site_may_differ(tmp_path):
    path = tmp_path / "s.yaml"
    own = "  - name: lab\n    forecast: {signals: {wind: {model: persistence}}}\n"
    path.write_text(edited(("  - name: lab\n", own)))
    site = load_scenario(path).spec.sites[0]
    assert signal_plan(Forecast(), site.forecast, "wind").model == "persistence"


# What is refused

WRONG = {
    "unknown signal": ("{signals: {prices: {model: persistence}}}",
        "31:22 forecast.signals.prices: unknown field. Did you mean price?"),
    "unknown field": ("{signals: {price: {modell: persistence}}}",
        "31:30 forecast.signals.price.modell: unknown field. Did you mean model?"),
    "unknown model of a signal": ("{signals: {price: {model: persistance}}}",
        '31:37 forecast.signals.price.model: there is no forecaster "persistance". '
        "Did you mean persistence?"),
    "unknown model in a mapping": ("{model: {use: sesonal-naive}}",
        '31:25 forecast.model.use: there is no forecaster "sesonal-naive". '
        "Did you mean seasonal-naive?"),
    "unknown parameter": ("{model: {use: seasonal-naive, seasons_h: 24}}",
        "31:41 forecast.model.seasons_h: unknown parameter. Did you mean season_h?"),
    "parameter of a model without any": ("{model: {use: persistence, season_h: 24}}",
        "31:38 forecast.model.season_h: unknown parameter. Persistence takes none."),
    "the truth is not the scenario's to give": ("{model: {use: perfect, truth: [1.0]}}",
        "31:34 forecast.model.truth: unknown parameter. Perfect takes none."),
    "not a forecaster": ('{signals: {load: {model: "fractions:Fraction"}}}',
        "31:36 forecast.signals.load.model: fractions:Fraction has no method fit and predict."),
    "no such module": ('{signals: {load: {model: "nowhere:Mine"}}}',
        "31:36 forecast.signals.load.model: cannot import nowhere: "
        "ModuleNotFoundError: No module named 'nowhere'."),
    "levels that fall": ("{quantiles: [0.9, 0.1]}",
        "31:12 forecast.quantiles: levels must rise between 0 and 1, e.g. [0.1, 0.5, 0.9]; "
        "got [0.9, 0.1]."),
    "levels in percent": ("{signals: {wind: {quantiles: [10, 90]}}}",
        "31:29 forecast.signals.wind.quantiles: levels must rise between 0 and 1, e.g. "
        "[0.1, 0.5, 0.9]; got [10, 90]."),
    "a horizon of none": ("{horizon_h: 0}",
        "31:23 forecast.horizon_h: 0 is not between 1 and 336."),
    "sun for all": ("{model: clear-sky}",
        "31:19 forecast.model: clear-sky forecasts only the power of the sun. Name it for solar "
        "alone: signals: {solar: {model: clear-sky}}."),
    "sun for the wind": ("{signals: {wind: {model: {use: clear-sky}}}}",
        "31:42 forecast.signals.wind.model.use: clear-sky forecasts only the power of the sun. "
        "Name it for solar alone: signals: {solar: {model: clear-sky}}."),
}  # fmt: skip


@pytest.mark.parametrize(("fields", "expected"), WRONG.values(), ids=WRONG)
def test_a_wrong_forecast_is_told_where_it_stands(tmp_path, fields, expected):
    assert problems(tmp_path, edited((LINE, f"forecast: {fields}"))) == [expected]


def test_a_mistake_of_a_site_is_told_there(tmp_path):
    own = "  - name: lab\n    forecast: {signals: {wind: {model: nothing}}}\n"
    (line,) = problems(tmp_path, edited(("  - name: lab\n", own)))
    assert line.startswith('9:40 sites[0].forecast.signals.wind.model: there is no forecaster "not')


def test_all_mistakes_are_told_also_beside_a_broken_field(tmp_path):
    fields = "{model: 7, signals: {price: {model: nothing}, wind: {horizon_h: x}}}"
    lines = problems(tmp_path, edited((LINE, f"forecast: {fields}")))
    assert [line.split(":")[1].split(" ")[1] for line in lines] == [
        "forecast.model", "forecast.signals.price.model", "forecast.signals.wind.horizon_h",
    ]


def test_the_sun_needs_a_place(tmp_path):
    edits = (
        ("    weather: {tmy: greensboro-nc}\n", ""),
        ("    solar: {dc_capacity_kw: 100}\n",
         "    solar: {series: {file: s.csv, column: s, unit: kW}}\n"),
        ("    wind: {turbine: ewt-dw61-1000, hub_height_m: 69, shear_exponent: 0.2}\n", ""),
        ("      market: us-carolinas\n", ""),
        (LINE, "forecast: {signals: {solar: {model: clear-sky}}}"),
    )
    (tmp_path / "s.csv").write_text("time,s\n2025-06-01T00:00Z,1\n2025-06-08T00:00Z,1\n")
    assert problems(tmp_path, edited(*edits)) == [
        "8:5 sites[0]: clear-sky needs to know where the site lies. Give it weather, or another "
        "model for solar."
    ]


# What a run depends on


def test_the_source_of_every_forecaster_of_the_users_counts(tmp_path):
    (tmp_path / "own_models.py").write_text(
        "class Mine:\n def fit(self, h, u): ...\n def predict(self, h, i, n): ...\n"
    )
    path = tmp_path / "s.yaml"
    path.write_text(edited((LINE, 'forecast: {signals: {load: {model: "own_models:Mine"}}}')))
    before = load_scenario(path).content_hash("fifo", 1)
    with (tmp_path / "own_models.py").open("a") as file:
        file.write("# another version\n")
    assert load_scenario(path).content_hash("fifo", 1) != before
