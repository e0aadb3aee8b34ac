"""Files that are no scenario at all, and YAML that is refused."""

import pytest
from scenario_texts import edited, problems

from sim.errors import ScenarioError
from sim.scenario.load import load_scenario

WRONG = {
    # YAML
    "doubled key": ("duration_h: 24", "duration_h: 24\nname: twin",
        "5:1 name: stands twice, first in line 2. Remove one."),
    "tag": ("name: base", "name: !!python/object:os.system base",
        "2:7 name: tags such as tag:yaml.org,2002:python/object:os.system are not read. "
        "Write the plain value."),
    "merge key": ("name: base", "name: base\n<<: {seeds: [1]}",
        "3:1 field names must be plain text (no <<, number or list)."),
    "broken bracket": ("seeds: [1, 2]", "seeds: [1, 2",
        "7:6 this is not valid YAML: expected ',' or ']', but got ':'."),
    "tab": ("    battery:", "\tbattery:",
        "12:1 this is not valid YAML: found character '\\t' that cannot start any token."),
    "second document": ("forecast:", "---\nforecast:",
        "31:1 this is not valid YAML: a second document begins here, "
        "but one file is one scenario."),
    "YAML 1.1": ("schema_version: 1", "%YAML 1.1\n---\nschema_version: 1",
        "1:1 YAML directives (%) are not read. Remove this line."),
    "control character": ("name: base", "name: ba\x07se",
        "2:9 character U+0007 is not allowed in YAML. Remove it."),
}  # fmt: skip
CASES = [(old, new, expected) for old, new, *expected in WRONG.values()]


@pytest.mark.parametrize(("old", "new", "expected"), CASES, ids=WRONG)
def test_refused_yaml_is_told(tmp_path, old, new, expected):
    assert problems(tmp_path, edited((old, new))) == expected


BOMB = "a: &a [x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


def test_yaml_bomb_is_refused_without_expanding_it(tmp_path):
    lines = problems(tmp_path, BOMB)
    assert lines[0] == "1:4 anchors (&) and aliases (*) are not read. Write the value out."
    assert len(lines) == 9


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty. `gridloom new scenario FILE` writes one to start from."),
        (b"# only a comment\n", "is empty. `gridloom new scenario FILE` writes one to start from."),
        (b"name: caf\xe9\n", "is not UTF-8 text (byte 10). Save it as UTF-8."),
        (b"#" * 1_000_001, "is larger than 1 MB; a scenario is a few kilobytes."),
        (b"- " * 3000, "is nested too deeply."),
    ],
    ids=["empty", "comment", "latin-1", "huge", "deep"],
)
def test_file_that_is_no_scenario_is_told(tmp_path, content, message):
    (tmp_path / "s.yaml").write_bytes(content)
    with pytest.raises(ScenarioError, match="1 problem") as caught:
        load_scenario(tmp_path / "s.yaml")
    assert [str(problem).strip() for problem in caught.value.problems] == [message]


def test_list_at_the_top_is_told(tmp_path):
    expected = ["1:1 must be a mapping of fields such as name: and sites:."]
    assert problems(tmp_path, "- name: x\n") == expected


def test_missing_scenario_and_folder_are_told(tmp_path):
    with pytest.raises(ScenarioError, match=r"gone\.yaml: 1 problem\n.*no such file\."):
        load_scenario(tmp_path / "gone.yaml")
    with pytest.raises(ScenarioError, match=r"is a directory, not a file\."):
        load_scenario(tmp_path)
    with pytest.raises(ScenarioError, match="nor a built-in scenario"):
        load_scenario("no-such-scenario")
