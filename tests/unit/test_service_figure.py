"""A run with services on disk, on its page and in its figure."""

import numpy as np
import pandas as pd
import pytest
from fake_run import fake_run

from sim.ledger.result import Run
from sim.report.page import run_page
from sim.report.run_figures import write_run_figures
from sim.report.run_figures.services import services_figure
from sim.study.disk.store import SERVICES, read_run, write_run


def with_services(*names, loading=0.0, ttft_s=0.3):
    """Return a run of a day in half-hours with services."""
    run = fake_run()
    hour = np.arange(48) / 2
    frames = [
        pd.DataFrame(
            {
                "service": name, "site": "north",
                "time": pd.date_range("2025-06-02T00:00Z", periods=48, freq="30min"),
                "requests_arrived_count": 9e4 + 4e4 * np.sin(hour),
                "requests_served_count": 9e4 + 4e4 * np.sin(hour),
                "replicas_ready_count": 4.0 + np.round(2 * np.sin(hour)),
                "replicas_loading_count": loading, "ttft_p95_s": ttft_s,
                "power_it_kw": 20.0 + 9 * np.sin(hour),
            }
        )
        for name in names
    ]  # fmt: skip
    frame = pd.concat(frames, ignore_index=True).astype({"service": "category"})
    info = run.info | {"services": {name: {"ttft_s": 1.0, "tpot_s": None} for name in names}}
    return Run("fake", "fifo", 1, run.metrics, run.steps, run.jobs, info, frame)


def texts(figure):
    """Return all labels of a figure."""
    found = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    return found + [axes.get_title(loc="left") or axes.get_title() for axes in figure.axes]


def test_a_run_without_services_has_no_such_figure():
    assert services_figure(fake_run()) is None


def test_each_service_has_four_panels_with_what_was_asked_and_the_objective():
    figure = services_figure(with_services("chat", "code", loading=1.0))
    assert len(figure.axes) == 8
    assert {"Arriving", "Served", "Serving", "Loading", "Objective", "chat", "code"} <= set(
        texts(figure)
    )
    rates = figure.axes[0].lines[0].get_ydata()
    assert rates.max() == pytest.approx(1.3e5 / 1800, rel=0.01)


def test_what_does_not_happen_is_not_in_the_legend():
    assert "Loading" not in texts(services_figure(with_services("chat")))


def test_at_most_three_services_are_drawn_and_the_title_says_so():
    figure = services_figure(with_services("a", "b", "c", "d"))
    assert len(figure.axes) == 12
    assert "services (3 of 4)" in figure.texts[0].get_text()


def test_a_backlog_does_not_flatten_the_times():
    waits_s = np.where(np.arange(48) == 20, 500.0, 0.3)
    assert services_figure(with_services("chat", ttft_s=waits_s)).axes[2].get_yscale() == "log"
    assert services_figure(with_services("chat")).axes[2].get_yscale() == "linear"


def test_services_are_written_and_read_back_and_sealed(tmp_path):
    run = with_services("chat")
    folder = write_run(run, tmp_path / "run", scenario_yaml="name: fake\n", manifest={})
    back = read_run(folder)
    pd.testing.assert_frame_equal(back.services, run.services)
    assert SERVICES in back.info["files"]


def test_a_run_without_services_leaves_no_file(tmp_path):
    folder = write_run(fake_run(), tmp_path / "run", scenario_yaml="name: fake\n", manifest={})
    assert not (folder / SERVICES).exists()
    assert len(read_run(folder).services) == 0


def test_the_figure_is_among_those_of_the_run_and_the_page_names_services(tmp_path):
    run = with_services("chat")
    files = [path.name for path in write_run_figures(run, tmp_path)]
    assert files == ["supply_demand.png", "services.png", "signals.png"]
    page = run_page(run, [tmp_path / "services.png"])
    assert 'href="services.parquet"' in page
    assert "<td>chat</td>" in page
    assert "Requests, replicas, time to the first token" in page
    assert "services.parquet" not in run_page(fake_run(), [])
