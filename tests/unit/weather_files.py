"""Write a known year of weather in each format, with that format's own stamps, clock and units."""

import json

import numpy as np
import pandas as pd

LOCAL = pd.date_range("2001-01-01", periods=8760, freq="h")
PLACE = {"latitude": 36.1, "longitude": -79.95, "altitude": 273.0, "TZ": -5}


def numbers(seed=0):
    """Return a year in which every hour of every column is its own: a shift cannot hide."""
    rng = np.random.default_rng(seed)
    day = np.maximum(np.cos((np.arange(8760) % 24 - 11.9) / 24 * 2 * np.pi), 0)
    return {
        "temp_air": rng.uniform(-10, 35, 8760).round(1),
        "wind_speed": rng.uniform(0, 20, 8760).round(1),
        "pressure": rng.integers(960, 1010, 8760) * 100.0,
        "relative_humidity": rng.integers(10, 100, 8760).astype(float),
        **dict.fromkeys(("ghi", "dni", "dhi"), np.round(100 * day)),
    }


def of(year):
    """Return the columns of a WeatherYear."""
    names = ("ghi", "dni", "dhi", "temp_air", "wind_speed", "pressure", "relative_humidity")
    return {name: getattr(year, name) for name in names}


def tmy3(year, place):
    head = f"723170,\"SOMEWHERE\",NC,{place['TZ']:.1f},{place['latitude']},{place['longitude']},"
    lines = [
        f"{head}{place['altitude']:.0f}",
        "Date (MM/DD/YYYY),Time (HH:MM),GHI (W/m^2),DNI (W/m^2),DHI (W/m^2),Dry-bulb (C),RHum (%),"
        "Pressure (mbar),Wspd (m/s)",
    ]
    for k, start in enumerate(LOCAL):  # stamped at the END of the hour, 24:00 at midnight
        date = f"{start.month:02d}/{start.day:02d}/{1980 + start.month}"
        row = rows(year, k, "ghi", "dni", "dhi", "temp_air", "relative_humidity")
        mbar, wind = year["pressure"][k] / 100, year["wind_speed"][k]
        lines.append(f"{date},{start.hour + 1:02d}:00,{row},{mbar},{wind}")
    return lines


def epw(year, place):
    lines = [
        f"LOCATION,Somewhere,NC,USA,TMY3,723170,{place['latitude']},{place['longitude']},"
        f"{place['TZ']:.1f},{place['altitude']}",
        "DESIGN CONDITIONS,0", "TYPICAL/EXTREME PERIODS,0", "GROUND TEMPERATURES,0",
        "HOLIDAYS/DAYLIGHT SAVINGS,No,0,0,0", "COMMENTS 1,x", "COMMENTS 2,x",
        "DATA PERIODS,1,1,Data,Sunday,1/1,12/31",
    ]  # fmt: skip
    for k, start in enumerate(LOCAL):  # hour 1 to 24, ending
        when = f"{1980 + start.month},{start.month},{start.day},{start.hour + 1},60,?9?9"
        air = f"{rows(year, k, 'temp_air')},5.0,{rows(year, k, 'relative_humidity', 'pressure')}"
        sun = f"0,0,300,{rows(year, k, 'ghi', 'dni', 'dhi')},0,0,0,0"
        lines.append(f"{when},{air},{sun},180,{year['wind_speed'][k]},5,5,20,2000,9,0,10,0.1,0,88,0.2,0,1")
    return lines


def psm3(year, place, *, zone=None):
    zone = place["TZ"] if zone is None else zone
    lines = [
        "Source,Location ID,City,State,Country,Latitude,Longitude,Time Zone,Elevation,"
        "Local Time Zone,Pressure Units",
        f"NSRDB,1,-,-,-,{place['latitude']},{place['longitude']},{zone},{place['altitude']:.0f},"
        f"{place['TZ']},mbar",
        "Year,Month,Day,Hour,Minute,DNI,DHI,GHI,Relative Humidity,Temperature,Pressure,Wind Speed",
    ]
    for k, start in enumerate(LOCAL):  # on the clock of `zone`, stamped in the MIDDLE of the hour
        source = (k - zone + place["TZ"]) % 8760
        row = rows(year, source, "dni", "dhi", "ghi", "relative_humidity", "temp_air")
        mbar, wind = year["pressure"][source] / 100, year["wind_speed"][source]
        when = f"{2000 + start.month},{start.month},{start.day},{start.hour},30"
        lines.append(f"{when},{row},{mbar},{wind}")
    return lines


def pvgis_hours(year, place):
    names = {"T2m": "temp_air", "RH": "relative_humidity", "G(h)": "ghi", "Gb(n)": "dni",
             "Gd(h)": "dhi", "WS10m": "wind_speed", "SP": "pressure"}  # fmt: skip
    hours = []
    for k, start in enumerate(LOCAL):  # stamped at the full UTC hour
        source = (k + place["TZ"]) % 8760
        stamp = f"{2005 + start.month}{start:%m%d}:{start:%H}00"
        hours.append({"time(UTC)": stamp} | {p: float(year[n][source]) for p, n in names.items()})
    return hours


def pvgis_csv(year, place, *, offset_h=0.5):
    lines = [
        f"Latitude (decimal degrees): {place['latitude']}",
        f"Longitude (decimal degrees): {place['longitude']}",
        f"Elevation (m): {place['altitude']}",
    ]
    if offset_h is not None:
        lines.append(f"Irradiance Time Offset (h): {offset_h}")
    lines += ["month,year", *(f"{month},{2005 + month}" for month in range(1, 13))]
    hours = pvgis_hours(year, place)
    lines += [",".join(hours[0]), *(",".join(map(str, hour.values())) for hour in hours)]
    return [*lines, "T2m: 2-m air temperature (degree Celsius)", "", "PVGIS (c) European Union"]


def pvgis_json(year, place, *, offset_h=0.5):
    where = {"latitude": place["latitude"], "longitude": place["longitude"],
             "elevation": place["altitude"], "irradiance_time_offset": offset_h}  # fmt: skip
    months = [{"month": month, "year": 2005 + month} for month in range(1, 13)]
    answer = {
        "inputs": {"location": where, "meteo_data": {"radiation_db": "PVGIS-SARAH3"}},
        "outputs": {"months_selected": months, "tmy_hourly": pvgis_hours(year, place)},
        "meta": {"inputs": {}},
    }
    return [json.dumps(answer)]


def srw(year, place, *, heights=(10, 80)):
    kinds = ("Temperature,Pressure,Direction,Speed", "C,atm,degrees,m/s")
    lines = [
        f"1,City,NC,USA,2001,{place['latitude']},{place['longitude']},{place['altitude']},"
        f"{place['TZ']},8760",
        "made by hand",
        *(",".join([kind] * len(heights)) for kind in kinds),
        ",".join(f"{height}" for height in heights for _ in range(4)),
    ]
    for k in range(8760):
        atm, faster = year["pressure"][k] / 101325, [1 + step / 2 for step in range(len(heights))]
        cells = (f"{year['temp_air'][k]},{atm},180,{year['wind_speed'][k] * f}" for f in faster)
        lines.append(",".join(cells))
    return lines


def plain_csv(year, *, zone="", shift="0h", clock=LOCAL):
    """Return a CSV stamped `shift` after the start of each hour, in odd units."""
    lines = ["when,sun,beam,sky,T,v,p,rh"]
    for k, start in enumerate(clock + pd.Timedelta(shift)):
        sun = rows(year, k, "ghi", "dni", "dhi")
        fahrenheit, kmh = year["temp_air"][k] * 1.8 + 32, year["wind_speed"][k] * 3.6
        hpa, share = year["pressure"][k] / 100, year["relative_humidity"][k] / 100
        lines.append(f"{start.isoformat()}{zone},{sun},{fahrenheit},{kmh},{hpa},{share}")
    return lines


def rows(year, k, *names):
    return ",".join(f"{year[name][k]}" for name in names)
