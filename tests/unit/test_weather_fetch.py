"""Fetching, from a server on this machine that answers once: what comes, and what goes wrong."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

from sim.errors import DataError
from sim.scenario.schema.weather import WeatherFile
from sim.weather import read_tmy, weather_year
from sim.weather.fetch import Account, fetch_weather
from tests.unit import weather_files as write

GREENSBORO = write.of(read_tmy("greensboro-nc"))
ACCOUNT = Account("secret-key", "me@example.org")
PLACE = {"latitude_deg": 36.1, "longitude_deg": -79.95}


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@contextmanager
def answering(text, status=200):
    """Answer the next request on a free port of the loopback device, then stop."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(urlsplit(self.path))
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.timeout = 10
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/api/", asked
        thread.join()


def files(folder):
    return sorted(path.name for path in folder.iterdir())


def test_year_of_pvgis_is_stored_and_read_as_a_scenario_reads_it(tmp_path):
    (answer,) = write.pvgis_json(GREENSBORO, write.PLACE)
    with answering(answer) as (url, asked):
        out = fetch_weather("pvgis", tmp_path / "here.json", **PLACE, url=url)
    assert asked[0].path == "/api/tmy"
    question = parse_qs(asked[0].query)
    assert (question["lat"], question["lon"]) == (["36.1"], ["-79.95"])
    assert files(tmp_path) == ["here.json"]
    year = weather_year(WeatherFile(file=out.name), tmp_path)
    for name in GREENSBORO:
        np.testing.assert_allclose(getattr(year, name), GREENSBORO[name], atol=1e-9, err_msg=name)
    stored = json.loads(out.read_text())
    assert stored["inputs"]["location"]["irradiance_time_offset"] == 0.5
    assert stored["outputs"] == json.loads(answer)["outputs"]


def test_year_of_nsrdb_is_stored_and_read_as_a_scenario_reads_it(tmp_path):
    with answering("\n".join(write.psm3(GREENSBORO, write.PLACE))) as (url, asked):
        fetch_weather("nsrdb", tmp_path / "here.csv", **PLACE, account=ACCOUNT, url=url)
    question = parse_qs(asked[0].query)
    assert question["wkt"] == ["POINT(-79.9500 36.1000)"]
    assert (question["api_key"], question["email"]) == (["secret-key"], ["me@example.org"])
    assert (question["utc"], question["interval"]) == (["false"], ["60"])
    year = weather_year(WeatherFile(file="here.csv", format="psm3"), tmp_path)
    for name in GREENSBORO:
        np.testing.assert_allclose(getattr(year, name), GREENSBORO[name], atol=1e-9, err_msg=name)
    assert "secret-key" not in (tmp_path / "here.csv").read_text()


def test_refusal_is_told_in_the_services_words_and_without_the_key(tmp_path):
    with (
        answering(json.dumps({"errors": ["key secret-key is not known"]}), 403) as (url, _),
        pytest.raises(DataError, match=r"nsrdb: 127\.0\.0\.1 refused: \['key \*\*\* is not known'"),
    ):
        fetch_weather("nsrdb", tmp_path / "here.csv", **PLACE, account=ACCOUNT, url=url)
    assert files(tmp_path) == []


def test_refusal_of_pvgis_is_told(tmp_path):
    with (
        answering(json.dumps({"message": "Location over the sea."}), 400) as (url, _),
        pytest.raises(DataError, match=r"pvgis: 127\.0\.0\.1 refused: Location over the sea\."),
    ):
        fetch_weather("pvgis", tmp_path / "here.json", **PLACE, url=url)


@pytest.mark.parametrize("answer", ["<html>Please log in</html>", "{}", "[]"])
def test_answer_that_is_no_weather_leaves_no_file(tmp_path, answer):
    with (
        answering(answer) as (url, _),
        pytest.raises(DataError, match="answered with something that is no weather"),
    ):
        fetch_weather("pvgis", tmp_path / "here.json", **PLACE, url=url)
    assert files(tmp_path) == []


def test_year_with_a_gap_leaves_no_file(tmp_path):
    lines = write.psm3(GREENSBORO, write.PLACE)
    with (
        answering("\n".join([*lines[:200], *lines[201:]])) as (url, _),
        pytest.raises(DataError, match=r"here\.csv, row 201: found 01-09 hour 7, expected"),
    ):
        fetch_weather("nsrdb", tmp_path / "here.csv", **PLACE, account=ACCOUNT, url=url)
    assert files(tmp_path) == []


@pytest.mark.parametrize(("source", "out"), [("pvgis", "here.json"), ("nsrdb", "here.csv")])
def test_no_network_is_told_and_leaves_no_file(tmp_path, source, out):
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        url = f"http://127.0.0.1:{server.server_port}/"  # nobody listens there any more
    with pytest.raises(DataError) as told:
        fetch_weather(source, tmp_path / out, **PLACE, account=ACCOUNT, url=url)
    assert str(told.value) == f"{source}: 127.0.0.1 did not answer. Is this machine online?"
    assert files(tmp_path) == []


@pytest.mark.parametrize(
    ("source", "out", "account", "url", "message"),
    [
        ("nsrdb", "a.csv", None, None, "nsrdb: needs an API key and the e-mail address"),
        ("pvgis", "a.csv", None, None, r"pvgis: writes \.json files; .*a\.csv ends in something"),
        ("pvgis", "there.json", None, None, r"there\.json exists already\. Choose another name"),
        ("pvgis", "no/a.json", None, None, "there is no folder"),
        ("pvgis", "a.json", None, "example", r'pvgis: "example" is no address'),
    ],
)
def test_what_cannot_work_is_told_before_anyone_is_asked(
    tmp_path, source, out, account, url, message
):
    (tmp_path / "there.json").write_text("kept")
    with pytest.raises(DataError, match=message):
        fetch_weather(source, tmp_path / out, **PLACE, account=account, url=url)
    assert (tmp_path / "there.json").read_text() == "kept"


def test_unknown_source_names_the_nearest(tmp_path):
    with pytest.raises(ValueError, match=r'"pvgiss" is unknown\. Did you mean pvgis\?'):
        fetch_weather("pvgiss", tmp_path / "a.json", **PLACE)


def test_key_does_not_show_where_an_account_is_printed():
    assert "secret-key" not in repr(ACCOUNT)
