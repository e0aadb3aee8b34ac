"""Price files of ENTSO-E and epftoolbox, with the days on which the clocks change."""

import re
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from sim.errors import DataError
from sim.scenario.schema.series import PriceFile, PriceSeries
from sim.scenario.series.piecewise import read_series

SHARED = Path(__file__).parents[3] / "shared" / "data"
USD_PER_MWH = 1 / 3.6e9
OLD = '"MTU (CET/CEST)","Day-ahead Price [EUR/MWh]","Currency","BZN|DE-LU"'
NEW = (
    '"MTU (CET/CEST)","Area","Sequence","Day-ahead Price (EUR/MWh)",'
    '"Intraday Period (CET/CEST)","Intraday Price (EUR/MWh)"'
)
START = datetime(2024, 1, 1, tzinfo=UTC)


def read(folder, ref, *lines, start=START, **run):
    (folder / "x.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_series(folder, ref, start=start, **run)


def entsoe(usd_per_eur=1.25, **fields):
    return PriceFile(file="x.csv", format="entsoe", usd_per_eur=usd_per_eur, **fields)


def prices(series):
    return (series.values / USD_PER_MWH / 1.25).round(6).tolist()


def old_rows(day, hours, month=1, year=2024):
    return [
        f'"{day:02}.{month:02}.{year} {hour:02}:00 - {day:02}.{month:02}.{year} {hour + 1:02}:00",'
        f'"{price}","EUR",""'
        for hour, price in hours
    ]


def test_old_export_in_local_time_and_euro(tmp_path):
    series = read(tmp_path, entsoe(), OLD, *old_rows(1, [(1, 50.0), (2, -10.0)]))
    assert series.edges_s.tolist() == [0.0, 3600.0, 7200.0]  # 01:00 in Brussels
    assert prices(series) == [50.0, -10.0]


def test_new_export_with_areas_sequences_and_seconds(tmp_path):
    rows = [
        f'"01/01/2024 01:{minute:02}:00 - 01/01/2024 01:{minute + 15:02}:00",'
        f'"BZN|{area}","Sequence {sequence}","{price}","",""'
        for area, price in (("AT", 1.0), ("DE-LU", 2.0))
        for sequence in ("Sequence 1", "Sequence 2")
        for minute in (0, 15, 30)
    ]
    ref = entsoe(zone="DE-LU", sequence="Sequence 1")
    series = read(tmp_path, ref, NEW, *rows)
    assert series.edges_s.tolist() == [0.0, 900.0, 1800.0, 2700.0]
    assert prices(series) == [2.0, 2.0, 2.0]
    with pytest.raises(DataError, match=r"several in column Area: BZN.AT, BZN.DE-LU. Say which in"):
        read(tmp_path, entsoe(sequence="Sequence 1"), NEW, *rows)
    with pytest.raises(DataError, match=r"several in column Sequence: Sequence Sequence 1, Seq"):
        read(tmp_path, entsoe(zone="AT"), NEW, *rows)
    with pytest.raises(DataError, match=r'no zone "FR"'):
        read(tmp_path, entsoe(zone="FR", sequence="Sequence 1"), NEW, *rows)


def test_change_from_hours_to_quarter_hours_is_no_gap(tmp_path):
    rows = ['"01.10.2025 00:00 - 01.10.2025 01:00","10","EUR",""'] + [
        f'"01.10.2025 01:{m:02} - 01.10.2025 0{1 + (m == 45)}:{(m + 15) % 60:02}","20","EUR",""'
        for m in (0, 15, 30, 45)
    ]
    series = read(tmp_path, entsoe(), OLD, *rows, start=datetime(2025, 9, 30, 22, tzinfo=UTC))
    assert series.edges_s.tolist() == [0.0, 3600.0, 4500.0, 5400.0, 6300.0, 7200.0]


SPRING = datetime(2024, 3, 31, tzinfo=UTC)  # Brussels: 01:00; the clocks skip 02:00 to 03:00
AUTUMN = datetime(2024, 10, 27, tzinfo=UTC)  # Brussels: 02:00 the first time; 03:00 is 02:00 UTC


def test_hour_skipped_in_spring_may_be_missing_or_empty(tmp_path):
    def spring(hours):
        return old_rows(31, hours, month=3)

    expected = [0.0, 3600.0, 7200.0]
    without = read(tmp_path, entsoe(), OLD, *spring([(1, 5), (3, 6)]), start=SPRING)
    empty = read(tmp_path, entsoe(), OLD, *spring([(1, 5), (2, "-"), (3, 6)]), start=SPRING)
    wide = [f'"{r}","",""' for r in (
        '31/03/2024 01:00:00 - 31/03/2024 03:00:00","BZN|FR","","5',
        '31/03/2024 03:00:00 - 31/03/2024 04:00:00","BZN|FR","","6')]  # fmt: skip
    new = read(tmp_path, entsoe(), NEW, *wide, start=SPRING)
    for series in (without, empty, new):
        assert series.edges_s.tolist() == expected
        assert prices(series) == [5.0, 6.0]
    with pytest.raises(DataError, match=r"line 3: time .* does not exist in Europe/Brussels"):
        read(tmp_path, entsoe(), OLD, *spring([(1, 5), (2, 9), (3, 6)]), start=SPRING)


def test_hour_shown_twice_in_autumn_is_two_hours(tmp_path):
    twice = old_rows(27, [(2, 5), (2, 6), (3, 7)], month=10)
    series = read(tmp_path, entsoe(), OLD, *twice, start=AUTUMN)
    assert series.edges_s.tolist() == [0.0, 3600.0, 7200.0, 10800.0]
    assert prices(series) == [5.0, 6.0, 7.0]


def test_marks_tell_the_two_hours_of_autumn_apart(tmp_path):
    day = "27/10/2024"
    rows = [
        f'"{day} 02:00:00 (CEST) - {day} 02:00:00 (CET)","BZN|FR","","5","",""',
        f'"{day} 02:00:00 (CET) - {day} 03:00:00","BZN|FR","","6","",""',
        f'"{day} 03:00:00 - {day} 04:00:00","BZN|FR","","7","",""',
    ]
    series = read(tmp_path, entsoe(), NEW, *rows, start=AUTUMN)
    assert series.edges_s.tolist() == [0.0, 3600.0, 7200.0, 10800.0]
    assert prices(series) == [5.0, 6.0, 7.0]


def test_hour_of_autumn_that_stands_once_is_a_gap(tmp_path):
    once = old_rows(27, [(1, 4), (2, 5), (3, 7)], month=10)
    with pytest.raises(DataError, match=r"line 4: gap: .* begins 1 h after the range above ends"):
        read(tmp_path, entsoe(), OLD, *once, start=AUTUMN)


def test_rows_without_a_price_at_the_end_are_not_published_yet(tmp_path):
    rows = old_rows(1, [(1, 50.0), (2, 60.0), (3, "-"), (4, "n/e")])
    assert read(tmp_path, entsoe(), OLD, *rows).values.size == 2
    with pytest.raises(DataError, match=r'line 3: "-" is not a finite number in column Day-ahead'):
        read(tmp_path, entsoe(), OLD, *old_rows(1, [(1, 50.0), (2, "-"), (3, 60.0)]))


def test_utc_export_needs_no_zone_of_time(tmp_path):
    header = OLD.replace("CET/CEST", "UTC").replace("EUR", "USD")
    series = read(tmp_path, entsoe(None), header, *old_rows(1, [(0, 50.0), (1, 60.0)]))
    assert series.edges_s[0] == 0.0
    assert series.values[0] == pytest.approx(50.0 * USD_PER_MWH)


HOURS = [(1, 50.0), (2, 60.0)]


@pytest.mark.parametrize(
    ("ref", "header", "hours", "message"),
    [
        (entsoe(None), OLD, HOURS,
         "x.csv: its prices are in EUR. Give the exchange rate as usd_per_eur."),
        (entsoe(), OLD.replace("EUR", "USD"), HOURS,
         "x.csv: its prices are in USD. Leave usd_per_eur out."),
        (entsoe(), OLD.replace("EUR", "GBP"), HOURS,
         'x.csv: its prices are in "GBP", but only USD and EUR can be read. Convert them.'),
        (entsoe(), OLD.replace("MTU (CET/CEST)", "MTU"), HOURS,
         'x.csv: column "MTU" must say its zone: UTC, CET/CEST, CET, EET/EEST, WET/WEST, GMT/BST.'),
        (entsoe(), OLD.replace("MTU", "Time"), HOURS,
         'x.csv has no column "MTU (CET/CEST)"; is it of format entsoe?'),
        (entsoe(), OLD.replace("Day-ahead", "Intraday"), HOURS,
         'x.csv has no column "Day-ahead Price (EUR/MWh)"; is it of format entsoe?'),
        (entsoe(zone="FR"), OLD, HOURS,
         "x.csv does not say its zone in a column Area. Leave zone out."),
        (entsoe(), OLD, [(1, 50.0), (3, 60.0)],
         "x.csv, line 3: gap: 01.01.2024 03:00 - 01.01.2024 04:00 begins 1 h after the range above "
         "ends."),
        (entsoe(), OLD, [(1, 50.0), (1, 60.0)],
         "x.csv, line 3: time 01.01.2024 01:00 - 01.01.2024 02:00 stands twice. "
         "Keep one row a time."),
        (entsoe(), OLD, [(2, 50.0), (1, 60.0)],
         "x.csv, line 3: time 01.01.2024 01:00 - 01.01.2024 02:00 is before the row above. "
         "Sort by time."),
        (entsoe(), OLD, [(1, 50.0)],
         "x.csv has 1 row; at least two show how far rows are apart."),
        (entsoe(), OLD, [(1, 50.0), (24, 60.0)],
         'x.csv, line 3: "01.01.2024 24:00 - 01.01.2024 25:00" in column MTU (CET/CEST) is not a '
         "range such as 01/01/2025 00:00:00 - 01/01/2025 01:00:00."),
    ],
)  # fmt: skip
def test_mistakes_in_an_export_are_told(tmp_path, ref, header, hours, message):
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        read(tmp_path, ref, header, *old_rows(1, hours))


def epf(column=None, currency="EUR", usd_per_eur=1.25, **fields):
    return PriceFile(
        file="x.csv", format="epf", column=column, currency=currency, usd_per_eur=usd_per_eur,
        **({"timezone": "Europe/Berlin"} | fields),
    )  # fmt: skip


def epf_rows(day, hours):
    return [f"{day} {hour:02}:00:00,{10.0 + hour},9" for hour in range(hours)]


def test_epf_day_of_spring_loses_the_hour_that_the_clocks_skip(tmp_path):
    series = read(tmp_path, epf(), ",Real price,DNN 1", *epf_rows("2024-03-31", 24), start=SPRING)
    assert series.values.size == 23
    assert (series.edges_s == np.arange(-1, 23) * 3600.0).all()
    assert prices(series)[:4] == [10.0, 11.0, 13.0, 14.0]


def test_epf_day_of_autumn_has_one_price_for_both_hours(tmp_path):
    rows = epf_rows("2024-10-27", 24)
    series = read(tmp_path, epf(), "Date, Price, Load", *rows, start=AUTUMN)
    hourly = series.mean_over(np.arange(-2, 24) * 3600.0) / USD_PER_MWH / 1.25
    assert hourly[:5].round(6).tolist() == [10.0, 11.0, 12.0, 12.0, 13.0]
    assert not np.isnan(hourly).any()


@pytest.mark.parametrize(
    ("ref", "header", "message"),
    [
        (epf(timezone=None), ",Price,x", "x.csv: format epf needs timezone."),
        (epf(currency=None), ",Price,x", "x.csv: format epf needs currency."),
        (epf(column="Pris"), ",Price,x", 'x.csv has no column "Pris". Did you mean Price?'),
        (epf(), ",Price A,Price B",
         "x.csv has 2 columns named a price. Say which in column."),
        (epf(zone="DE"), ",Price,x", "x.csv: format epf takes no zone. Leave it out."),
    ],
)  # fmt: skip
def test_mistakes_in_an_epf_file_are_told(tmp_path, ref, header, message):
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        read(tmp_path, ref, header, *epf_rows("2024-01-01", 24))


def test_gap_in_an_epf_file_is_told_with_its_line(tmp_path):
    rows = [row for row in epf_rows("2024-01-01", 24) if " 05:" not in row]
    with pytest.raises(DataError, match=r"line 7: gap: time 2024-01-01 06:00:00 is 2 h after"):
        read(tmp_path, epf(), ",Price,x", *rows)


def test_own_prices_in_euro_need_a_rate(tmp_path):
    rows = ["2024-01-01T00:00Z,0.10", "2024-01-01T01:00Z,0.20"]
    ref = PriceSeries(file="x.csv", column="v", unit="EUR/kWh", usd_per_eur=1.25)
    assert read(tmp_path, ref, "time,v", *rows).values[0] == pytest.approx(0.125 / 3.6e6)
    for unit, rate, what in (("EUR/kWh", None, "EUR. Give"), ("USD/kWh", 1.25, "USD. Leave")):
        ref = PriceSeries(file="x.csv", column="v", unit=unit, usd_per_eur=rate)
        with pytest.raises(DataError, match=rf"^x.csv: its prices are in {what}"):
            read(tmp_path, ref, "time,v", *rows)


def test_own_local_times_follow_the_clock_changes(tmp_path):
    ref = PriceSeries(file="x.csv", column="v", unit="USD/kWh", timezone="Europe/Berlin")
    autumn = [f"2024-10-27 0{hour}:00,{hour}" for hour in (1, 2, 2, 3)]
    series = read(tmp_path, ref, "time,v", *autumn, start=AUTUMN)
    assert series.edges_s.tolist() == [-3600.0, 0.0, 3600.0, 7200.0, 10800.0]
    spring = ["2024-03-31 01:00,1", "2024-03-31 03:00,3", "2024-03-31 04:00,4"]
    series = read(tmp_path, ref, "time,v", *spring, start=SPRING)
    assert series.edges_s.tolist() == [0.0, 3600.0, 7200.0, 10800.0]
    spring.insert(1, "2024-03-31 02:00,2")
    with pytest.raises(DataError, match=r"line 3: time 2024-03-31 02:00 does not exist in Eur"):
        read(tmp_path, ref, "time,v", *spring, start=SPRING)
    del autumn[2]
    with pytest.raises(DataError, match=r"line 4: gap: time 2024-10-27 03:00 is 2 h after the row"):
        read(tmp_path, ref, "time,v", *autumn, start=AUTUMN)
    ref = PriceSeries(file="x.csv", column="v", unit="USD/kWh", timezone="Berlin")
    with pytest.raises(DataError, match=r'x.csv: "Berlin" is not a time zone. Did you mean'):
        read(tmp_path, ref, "time,v", *autumn, start=AUTUMN)


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the shared data sets")
def test_published_epf_file_is_read_as_it_is():
    ref = PriceFile(
        file="epf/Forecasts_DE_DNN_LEAR_ensembles.csv.gz", format="epf",
        timezone="Europe/Berlin", currency="EUR", usd_per_eur=1.0,
    )  # fmt: skip
    series = read_series(SHARED, ref, start=datetime(2016, 1, 4, tzinfo=UTC))
    # 728 days of 24 rows, without two hours in spring; they cover 17472 hours from midnight on.
    assert series.values.size == 728 * 24 - 2
    assert series.edges_s[[0, -1]].tolist() == [-3600.0, (728 * 24 - 1) * 3600.0]
    assert series.values[0] == pytest.approx(13.78 * USD_PER_MWH)
    assert series.values[-1] == pytest.approx(-0.92 * USD_PER_MWH)
