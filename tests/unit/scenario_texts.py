"""A valid scenario to spoil, and the lines that a spoiled one must give."""

import pytest

from sim.errors import ScenarioError
from sim.scenario.load import load_scenario

BASE = """\
schema_version: 1
name: base
start: 2025-06-02T00:00Z
duration_h: 24
step_min: 15
seeds: [1, 2]
sites:
  - name: lab
    weather: {tmy: greensboro-nc}
    solar: {dc_capacity_kw: 100}
    wind: {turbine: ewt-dw61-1000, hub_height_m: 69, shear_exponent: 0.2}
    battery:
      capacity_kwh: 400
      max_charge_kw: 100
      max_discharge_kw: 100
      initial_soc: 0.5
    grid:
      market: us-carolinas
      tariff: {timezone: America/New_York, delivery_usd_per_kwh: 0.03}
      import_limit_kw: 500
    base_load: {constant_kw: 10}
    datacenter:
      clusters:
        - {name: main, accelerator: h100-sxm, nodes: 4}
      pue: 1.2
workload:
  - type: training
    arrivals: {poisson_per_h: 1}
    gpus: 8
    duration: {median_h: 2}
forecast: {model: seasonal-naive}
policies:
  - fifo
  - {name: shifty, shift: lowest-window, storage: self-consumption}
"""
LOAD = "{constant_kw: 10}"
SERIES = "{file: load.csv, column: load, unit: kW}"


def problems(folder, text):
    path = folder / "s.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError, match="problem") as caught:
        load_scenario(path)
    heading, *lines = str(caught.value).splitlines()
    count = f"{len(lines)} problem{'s' * (len(lines) != 1)}"
    assert heading == f"{path}: {count}"
    return [" ".join(line.split(maxsplit=1)) for line in lines]


def edited(*edits):
    text = BASE
    for old, new in edits:
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the base"
        text = text.replace(old, new)
    return text
