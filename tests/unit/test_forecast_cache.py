"""Forecasts made once: kept in memory and on disk, found again bit for bit, never in the way."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from desk_world import GRID, HOURS, MEAN_OF_DAYS, WAVE, MeanOfDays, all_points, desk, here

from sim.engine.forecasts import cache


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GRIDLOOM_CACHE", str(tmp_path / "cache"))
    cache.forget()
    MeanOfDays.fits = 0
    yield tmp_path / "cache"
    cache.forget()


def test_a_batch_is_made_once_for_all_policies_of_a_study():
    first = all_points(desk(model=MEAN_OF_DAYS, refit_days=3))
    assert MeanOfDays.fits == 4  # days 0, 3, 6, 9
    assert all_points(desk(model=MEAN_OF_DAYS, refit_days=3)) == first
    assert MeanOfDays.fits == 4


def test_another_process_finds_it_on_disk_bit_for_bit(own_cache):
    one = desk(model=MEAN_OF_DAYS, quantiles=(0.2, 0.8))
    first, fits = all_points(one), MeanOfDays.fits
    cache.forget()
    again = desk(model=MEAN_OF_DAYS, quantiles=(0.2, 0.8))
    assert all_points(again) == first
    assert MeanOfDays.fits == fits
    assert again.report() == one.report()
    assert again.metrics() == one.metrics()
    quantiles = [one.latest(0, "price", at).quantiles.tobytes() for at in one.issues_s]
    assert [again.latest(0, "price", at).quantiles.tobytes() for at in one.issues_s] == quantiles
    (file,) = own_cache.iterdir()
    with np.load(file, allow_pickle=False) as stored:
        assert stored["point"].shape == (40, 48)


def test_two_that_want_the_same_at_once_make_it_once(own_cache):
    desk(model=MEAN_OF_DAYS).latest(0, "price", 0.0)
    (forecasts,) = cache._memory.values()
    made = []

    def make():
        made.append(1)
        time.sleep(0.3)  # the other is past the memory by now
        return forecasts

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda _: cache.kept("key", make), range(2)))
    assert len(made) == 1
    assert found[0].point.tobytes() == found[1].point.tobytes() == forecasts.point.tobytes()
    assert not list(own_cache.glob("*.lock"))


@pytest.mark.parametrize(
    "changed",
    [
        {"model": {"use": MEAN_OF_DAYS, "days": 2}},
        {"horizon_h": 47},
        {"refresh_h": 12},
        {"latency_h": 1},
        {"refit_days": 5},
        {"quantiles": (0.5,)},
        {"values": np.where(HOURS == 239, 0.0, WAVE)},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_whatever_it_depends_on_makes_another_batch(changed):
    desk(model=MEAN_OF_DAYS).latest(0, "price", 0.0)
    fits = MeanOfDays.fits
    desk(**{"model": MEAN_OF_DAYS, **changed}).latest(0, "price", 0.0)
    assert MeanOfDays.fits > fits


def test_another_year_makes_another_batch():
    desk(model=MEAN_OF_DAYS).latest(0, "price", 0.0)
    fits = MeanOfDays.fits
    later = replace(
        GRID, start=datetime(2026, 6, 2, tzinfo=UTC),
        window_start=datetime(2026, 5, 24, tzinfo=UTC),
    )
    desk(sites=[here(grid=later)], model=MEAN_OF_DAYS).latest(0, "price", 0.0)
    assert MeanOfDays.fits > fits


def test_models_that_learn_nothing_leave_nothing_on_disk(own_cache):
    desk().latest(0, "price", 0.0)
    assert not list(own_cache.glob("*"))


def test_it_can_be_told_to_keep_nothing_on_disk(monkeypatch, tmp_path):
    monkeypatch.setenv("GRIDLOOM_CACHE", "off")
    monkeypatch.chdir(tmp_path)
    first = all_points(desk(model=MEAN_OF_DAYS))
    cache.forget()
    assert all_points(desk(model=MEAN_OF_DAYS)) == first
    assert MeanOfDays.fits == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 no zip", "cut", "flip"])
def test_a_damaged_entry_is_passed_over_and_mended(own_cache, damage):
    first = all_points(desk(model=MEAN_OF_DAYS))
    (file,) = own_cache.iterdir()
    whole = file.read_bytes()
    at = len(whole) // 2
    spoilt = {"cut": whole[:at], "flip": whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]}
    file.write_bytes(spoilt.get(damage, damage))
    cache.forget()
    assert all_points(desk(model=MEAN_OF_DAYS)) == first
    assert MeanOfDays.fits == 2
    assert file.read_bytes() == whole


def test_a_folder_that_cannot_be_written_to_is_done_without(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GRIDLOOM_CACHE", str(tmp_path / "file" / "cache"))
    assert len(all_points(desk(model=MEAN_OF_DAYS))) == 40


def test_what_was_not_used_for_longest_goes_first(own_cache, monkeypatch):
    def ask(days):
        cache.forget()
        desk(model={"use": MEAN_OF_DAYS, "days": days}).latest(0, "price", 0.0)

    ask(1.0)
    (first,) = own_cache.iterdir()
    size_bytes = first.stat().st_size
    monkeypatch.setattr(cache, "DISK_BYTES", int(2.5 * size_bytes))
    ask(1.5)
    (second,) = set(own_cache.iterdir()) - {first}
    for file in (first, second):
        os.utime(file, (0.0, 0.0))  # long ago
    ask(1.0)  # used again
    ask(2.0)
    left = set(own_cache.iterdir())
    assert len(left) == 2
    assert first in left
    assert second not in left


def test_memory_keeps_no_more_than_its_bound(monkeypatch):
    one = 8 * (40 * 48 + 2 * 40)  # points, issue times, starts
    monkeypatch.setattr(cache, "MEMORY_BYTES", 2 * one)
    monkeypatch.setenv("GRIDLOOM_CACHE", "off")
    for days in (1.0, 1.5, 2.0, 1.5, 2.0):
        desk(model={"use": MEAN_OF_DAYS, "days": days}).latest(0, "price", 0.0)
    assert MeanOfDays.fits == 3
    desk(model={"use": MEAN_OF_DAYS, "days": 1.0}).latest(0, "price", 0.0)
    assert MeanOfDays.fits == 4
