"""Wrong outages, demand response, backup and UPS, each with the message it must give."""

import pytest

from tests.unit.scenario_texts import edited, problems

LIMIT = "      import_limit_kw: 500\n"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "      outages: [{from_h: 5, to_h: 3}]\n",
            "21:31 sites[0].grid.outages[0].to_h: 3 is not after from_h (5).",
        ),
        (
            "      outages: [{from_h: 5, to_h: 30}]\n",
            "21:31 sites[0].grid.outages[0].to_h: 30 is after the run's end (24).",
        ),
        (
            "      outages: [{from_h: 5, to_h: 9}, {from_h: 8, to_h: 10}]\n",
            "21:48 sites[0].grid.outages[1].from_h: 8 is before the end of the one before (9). "
            "Keep them in order and apart.",
        ),
        (
            "      outages: {mtbf_h: 100}\n",
            "21:7 sites[0].grid.outages.mttr_h: required field is missing.",
        ),
        (
            "      outages: {mtbf_h: -1, mttr_h: 2}\n",
            "21:25 sites[0].grid.outages.mtbf_h: -1 is not above 0.",
        ),
        (
            "      demand_response: [{from_h: 5, to_h: 6, reduce_kw: 10}]\n",
            "21:7 sites[0].grid.demand_response[0]: is on the first day, before which the run has "
            "no import to make a baseline of. Give baseline_kw.",
        ),
        (
            "      demand_response: [{from_h: 5.1, to_h: 6, reduce_kw: 9, baseline_kw: 20}]\n",
            "21:34 sites[0].grid.demand_response[0].from_h: 5.1 h is not on a step of 15 min.",
        ),
    ],
)
def test_a_wrong_outage_or_event_is_told(tmp_path, line, expected):
    (told,) = problems(tmp_path, edited((LIMIT, LIMIT + line)))
    position, message = told.split(maxsplit=1)
    wanted_position, wanted = expected.split(maxsplit=1)
    assert message == wanted
    assert position.split(":")[0] == wanted_position.split(":")[0]


def test_a_ups_beside_a_constant_pue_is_told(tmp_path):
    (told,) = problems(
        tmp_path, edited(("      pue: 1.2\n", "      pue: 1.2\n      ups: {rated_kw: 60}\n"))
    )
    assert "a constant pue has the losses of a UPS in it already" in told


def test_a_backup_generator_without_capacity_is_told(tmp_path):
    (told,) = problems(
        tmp_path, edited(("    base_load:", "    backup: {capacity_kw: 0}\n    base_load:"))
    )
    assert told.endswith("sites[0].backup.capacity_kw: 0 is not above 0.")
