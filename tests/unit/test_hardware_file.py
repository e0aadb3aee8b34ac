"""A user's own accelerators: a CSV file with the catalog's columns, checked line by line."""

from pathlib import Path

import pytest

import sim
from sim.errors import DataError
from sim.scenario.load import load_scenario
from sim.scenario.nodes import accelerator, own_accelerators
from sim.scenario.schema.datacenter import Cluster, DataCenter, HardwareFile
from sim.scenario.series.hardware import read_hardware
from sim.units import Range
from tests.unit.scenario_texts import edited, problems

CLUSTER = "{name: main, accelerator: h100-sxm, nodes: 4}"
HEADER = "accelerator,tdp_w,idle_bare_w,idle_resident_w,memory_gb,peak_bf16_tflops,source\n"
ROW = "lab-chip,450,40,60,96,500,measured here\n"


def read(folder, text):
    (folder / "mine.csv").write_text(text)
    return read_hardware(folder / "mine.csv", "mine.csv")


def scenario(name="lab-chip", file="mine.csv"):
    mine = f"{{name: main, accelerator: {name}, nodes: 4}}"
    return edited((CLUSTER, mine), ("      pue: 1.2\n",
                                    f"      pue: 1.2\n      hardware: {{file: {file}}}\n"))


def test_a_row_becomes_an_accelerator(tmp_path):
    (tmp_path / "mine.csv").write_text(HEADER + ROW)
    center = DataCenter(
        clusters=(Cluster(name="main", accelerator="lab-chip", nodes=1),),
        pue=1.2,
        hardware=HardwareFile(file="mine.csv"),
    )
    facts = accelerator("lab-chip", own_accelerators(center, tmp_path))
    assert facts.tdp_w == 450.0
    assert facts.memory_bytes == 96e9
    assert facts.peak_flop_per_s == {"bf16": 500e12}
    assert facts.embodied_kg is None
    assert facts.lifetime_years == Range(3.0, 4.0, 6.0)


def test_a_row_goes_before_the_catalogs(tmp_path):
    own = {"h100-sxm": accelerator("t4")}
    assert accelerator("h100-sxm", own).tdp_w == 70.0
    assert accelerator("h100-sxm").tdp_w == 700.0


WRONG = {
    "unknown column": (
        "accelerator,tdp,source\nx,1,me\n",
        'mine.csv column "tdp" is unknown. Did you mean tdp_w?',
    ),
    "column twice": (
        "accelerator,tdp_w,tdp_w,source\nx,1,2,me\n",
        'mine.csv column "tdp_w" stands twice.',
    ),
    "no source": ("accelerator,tdp_w\nx,1\n", 'mine.csv has no column "source".'),
    "empty source": (HEADER + "x,1,1,1,1,1,\n", "mine.csv, line 2: column source is empty."),
    "no number": (
        HEADER + ROW + "x,4 kW,1,1,1,1,me\n",
        'mine.csv, line 3: "4 kW" in column tdp_w is no number.',
    ),
    "negative": (
        HEADER + "x,-4,1,1,1,1,me\n",
        "mine.csv, line 2: -4 in column tdp_w is not a finite number of at least 0.",
    ),
    "infinite": (
        HEADER + "x,inf,1,1,1,1,me\n",
        "mine.csv, line 2: inf in column tdp_w is not a finite number of at least 0.",
    ),
    "no power": (HEADER + "x,0,1,1,1,1,me\n", "mine.csv, line 2: tdp_w is 0; it must be above 0."),
    "twice": (HEADER + ROW + ROW, 'mine.csv, line 3: "lab-chip" stands above already.'),
    "cell too many": (
        HEADER + "x,4,1,1,1,1,1,me\n",
        "mine.csv line 2 has 8 cells, but the header names 7.",
    ),
    "range with a hole": (
        "accelerator,embodied_low_kg,embodied_high_kg,source\nx,1,2,me\n",
        "mine.csv, line 2: embodied_low/mid/high_kg: give all three or none.",
    ),
    "falling range": (
        "accelerator,embodied_low_kg,embodied_mid_kg,embodied_high_kg,source\nx,3,2,4,me\n",
        "mine.csv, line 2: embodied_low/mid/high_kg do not rise from low to high.",
    ),
    "cap above TDP": (
        "accelerator,min_cap_fraction,source\nx,1.5,me\n",
        "mine.csv, line 2: min_cap_fraction 1.5 is not above 0 and at most 1.",
    ),
}


@pytest.mark.parametrize(("text", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_file_is_told_with_its_line(tmp_path, text, message):
    with pytest.raises(DataError, match=r"mine\.csv") as caught:
        read(tmp_path, text)
    assert str(caught.value) == message


def test_a_wrong_file_is_told_at_the_scenarios_field(tmp_path):
    (tmp_path / "mine.csv").write_text(HEADER + "x,4 kW,1,1,1,1,me\n")
    assert problems(tmp_path, scenario()) == [
        "26:24 sites[0].datacenter.hardware.file: mine.csv, line 2: \"4 kW\" in column tdp_w is no "
        "number."
    ]


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("gone.csv", '"gone.csv": no such file.'),
        ("mine.pkl", '"mine.pkl": is a pickle; those can run code and are never read. Save the '
                     "table as CSV."),
        ("/dev/null", '"/dev/null": is neither a .csv nor a .csv.gz file. Save the table as CSV.'),
    ],
)
def test_a_file_that_cannot_be_read_is_told(tmp_path, file, message):
    assert problems(tmp_path, scenario(file=file)) == [
        f"26:24 sites[0].datacenter.hardware.file: {message}"
    ]


def test_an_unknown_name_is_told_with_the_users_own_names(tmp_path):
    (tmp_path / "mine.csv").write_text(HEADER + ROW)
    [line] = problems(tmp_path, scenario("lab-chp"))
    assert line.endswith('"lab-chp" is not in the catalog of accelerators. Did you mean lab-chip?')


def test_a_row_without_a_power_is_told_before_the_run(tmp_path):
    (tmp_path / "mine.csv").write_text("accelerator,tdp_w,source\nlab-chip,450,me\n")
    lines = problems(tmp_path, scenario())
    assert [line.rpartition('"lab-chip" has no ')[2].split()[0] for line in lines] == [
        "idle_bare_w", "idle_resident_w"
    ]


def test_the_file_is_part_of_what_a_run_is_known_by(tmp_path):
    (tmp_path / "s.yaml").write_text(scenario())
    (tmp_path / "mine.csv").write_text(HEADER + ROW)
    loaded = load_scenario(tmp_path / "s.yaml")
    assert Path("mine.csv") in {path.relative_to(tmp_path) for path in loaded.data_files}
    before = loaded.content_hash("fifo", 1)
    (tmp_path / "mine.csv").write_text(HEADER + ROW.replace("450", "460"))
    assert load_scenario(tmp_path / "s.yaml").content_hash("fifo", 1) != before


def test_a_run_draws_the_power_of_the_users_own_accelerator(tmp_path):
    (tmp_path / "mine.csv").write_text(HEADER + ROW)
    (tmp_path / "s.yaml").write_text(scenario().replace("step_min: 15", "step_min: 60"))
    run = sim.simulate(tmp_path / "s.yaml", policy="fifo", seed=1)
    # an idle accelerator draws 40 W x 1.03 and 125 W of server, a busy one 450 W x 1.03
    busy = run.steps["gpus_busy_count"]
    expected_kw = (32 * (40 * 1.03 + 125) + busy * (450 - 40) * 1.03) / 1e3
    assert busy.max() > 0
    assert run.steps["it_kw"].to_numpy() == pytest.approx(expected_kw.to_numpy())
    assert run.metrics["carbon_embodied_compute_kg"] is None
    assert any("give embodied.accelerator_kg" in note for note in run.info["warnings"])
