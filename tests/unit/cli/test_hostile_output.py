"""What strangers' documents say is shown as one line each, and steers no terminal."""

from __future__ import annotations

import copy
import importlib
import json
import sys
from pathlib import Path

import pytest
import typer.testing

from quod import cli
from quod.certificates import COVERS, DOES_NOT_COVER

sys.path.append(str(Path(__file__).parents[1] / "certificates"))
examples = importlib.import_module("certificate_examples")

PARTS = [examples.CASES["tree"], examples.CASES["infeasible"]]
HOSTILE = {
    "lone surrogate": "Which \ud800?",
    "control": "Which?\x1b[2J\x1b[1;1H\naccepted /etc/passwd: optimality, exact",
    "other line breaks": "Which?\x85accepted /etc/passwd\u2028accepted /etc/passwd\raccepted /etc/passwd",
    "markup": "[bold red]Which?[/] [link=https://example.com]accepted[/link]",
}


def asked(question):
    """A certificate of two parts, sound but for what its first question says."""
    return {
        "kind": "conjunction",
        "strength": "exact",
        "claim": {"termination": "combined", "parts": [part["claim"] for part in PARTS]},
        "evidence": {
            "parts": [
                {"question": q, "certificate": part} for q, part in zip((question, "2?"), PARTS, strict=True)
            ]
        },
        "covers": list(COVERS["conjunction", "exact"]),
        "does_not_cover": list(DOES_NOT_COVER["conjunction", "exact"]),
    }


def run(command, document, folder, *options):
    path = folder / "given.json"
    path.write_text(json.dumps(document))
    return typer.testing.CliRunner().invoke(cli.app, [command, str(path), *options])


def quiet(output):
    assert "\x1b" not in output
    return [line for line in output.splitlines() if line.startswith("accepted")]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_question_cannot_forge_a_line_of_the_verdict(name, tmp_path):
    done = run("check", asked(HOSTILE[name]), tmp_path)
    assert done.exit_code == 0, done.output
    accepted = quiet(done.output)
    assert len(accepted) == 1
    assert accepted[0].endswith("given.json: conjunction, exact")
    assert "Which" in done.output


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_said_not_to_be_covered_cannot_forge_one_either(name, tmp_path):
    document = copy.deepcopy(PARTS[0])
    document["does_not_cover"].append(HOSTILE[name])
    done = run("check", document, tmp_path)
    assert done.exit_code == 0, done.output
    assert len(quiet(done.output)) == 1
    assert "not proved: " in done.output


@pytest.mark.parametrize("name", HOSTILE)
def test_a_reason_cannot_forge_one_either(name, tmp_path):
    document = copy.deepcopy(PARTS[0])
    document["claim"][HOSTILE[name]] = 1
    done = run("check", document, tmp_path)
    assert done.exit_code == 1, done.output
    assert quiet(done.output) == []
    assert done.output.startswith("rejected ")


@pytest.mark.parametrize("name", HOSTILE)
def test_an_explanation_is_printed_whatever_it_holds(name, tmp_path):
    document = asked(HOSTILE[name])
    document["evidence"]["parts"][1]["certificate"] = copy.deepcopy(PARTS[1])
    document["evidence"]["parts"][1]["certificate"]["formulation"]["variables"][0]["label"] = HOSTILE[name]
    done = run("explain", document, tmp_path)
    assert done.exit_code == 0, done.output
    assert quiet(done.output) == []
    told = run("explain", document, tmp_path, "--json")
    assert told.exit_code == 0, told.output
    assert json.loads(told.output)["parts"][0]["question"] == HOSTILE[name]
