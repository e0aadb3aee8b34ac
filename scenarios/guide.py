# %% [markdown]
# # From a scenario to a figure for a paper
#
# This guide asks one question and answers it as a paper would: does starting jobs in hours that are
# cleaner than the day ahead save carbon, what does it cost, and how sure is that? It opens as a
# notebook (Jupytext, VS Code, PyCharm) and runs as a script: `python scenarios/guide.py`.
#
# Everything it writes goes to `outputs/guide/`.

# %%
import sys
from pathlib import Path

import sim

home = Path("outputs/guide")
home.mkdir(parents=True, exist_ok=True)

# %% [markdown]
# ## 1. A scenario
#
# Five days of a data center in North Carolina with some sun and the market of its region. Six seeds
# are six replicates: other jobs each time, but the same for every policy.

# %%
scenario = home / "cleaner-hours.yaml"
scenario.write_text(
    """\
schema_version: 1
name: cleaner-hours
description: Does starting jobs in cleaner hours save carbon, and what does it cost?
start: 2025-06-02T00:00Z
duration_h: 120
step_min: 15
seeds: [1, 2, 3, 4, 5, 6]
sites:
  - name: campus
    weather: {tmy: greensboro-nc}
    solar: {dc_capacity_kw: 100}
    grid: {market: us-carolinas}
    datacenter:
      clusters: [{name: main, accelerator: h100-sxm, nodes: 32}]
      pue: 1.2
workload:
  - type: training
    arrivals: {poisson_per_h: 6}
    gpus: 8
    duration: {median_h: 2.5}
    slack: {max_h: 24}
policies:
  - fifo
  - {name: follow-carbon, shift: lowest-window}
  - {name: cleaner-than-mean, shift: "guide_policy:CleanerThanMean"}
""",
    encoding="utf-8",
)

# %% [markdown]
# ## 2. A policy of one's own
#
# A shift policy answers one question: from when may this job run? It sees the present and issued
# forecasts, never the truth to come.

# %%
(home / "guide_policy.py").write_text(
    '''\
"""A policy of one's own."""


class CleanerThanMean:
    """Start in the first hour cleaner than the mean of the day ahead, if the deadline allows."""

    def plan(self, obs, job):
        earliest_s = max(obs.now_s, obs.jobs.earliest_start_s[job])
        latest_s = obs.jobs.deadline_s[job] - obs.jobs.expected_duration_s[job]
        ahead = obs.forecast(obs.site_of(job), "average_carbon_intensity")
        day = ahead.point[: round(86400 / ahead.step_s)]
        for step in (ahead.point < day.mean()).nonzero()[0]:
            start_s = ahead.valid_from_s + step * ahead.step_s
            if start_s + ahead.step_s > earliest_s:
                return max(earliest_s, min(start_s, latest_s))
        return earliest_s
''',
    encoding="utf-8",
)
sys.path.insert(0, str(home))

# %% [markdown]
# Does it keep the contract: the same answers twice, nothing changed, no look into the future?

# %%
print(sim.check_policy("guide_policy:CleanerThanMean"))

# %% [markdown]
# ## 3. The study
#
# Every policy with every seed, on two cores. Started again, it does only what is missing.

# %%
folder = sim.run_study(scenario, workers=2, out=home)
runs = sim.read_study(folder)
metrics = ["carbon_operational_location_kg", "cost_total_usd"]
print(runs.groupby("policy", sort=False)[metrics].mean())

# %% [markdown]
# ## 4. How sure is that?
#
# Policies share their seeds, so differences are taken seed by seed. `study.html` in the folder has
# the mean difference of every metric with its 95 % interval (bootstrap over the seeds), says which
# differences may be chance, and draws them; here are the bare numbers.

# %%
by_seed = runs.pivot(index="seed", columns="policy", values=metrics[0])
change = by_seed.sub(by_seed["fifo"], axis=0).drop(columns="fifo")
percent = 100 * change / by_seed["fifo"].mean()
print(percent.agg(["mean", "min", "max"]).round(1))
print((folder / "study.csv").resolve())

# %% [markdown]
# ## 5. The figure
#
# At the width of one column, as PDF, with fonts that stay readable.

# %%
for drawn in sim.plot(folder, ["differences", "pareto"], file_format="pdf", size="single"):
    print(drawn.path, drawn.caption)
