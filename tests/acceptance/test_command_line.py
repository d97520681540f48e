"""The `quod` command as users run it: real processes, real solver, documented exit codes and streams."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
KNAPSACK: dict[str, Any] = {
    "variables": [{"name": name, "domain": "binary"} for name in "abc"],
    "objective": {"sense": "maximize", "expression": "6*a + 10*b + 12*c"},
    "constraints": [{"name": "weight", "expression": "1*a + 2*b + 3*c <= 5"}],
}
CONTRADICTION: dict[str, Any] = {
    "text": "Make at most 5 kg. Make at least 7 kg.",
    "variables": [{"name": "x"}],
    "objective": {"sense": "maximize", "expression": "x"},
    "constraints": [
        {"name": "most", "expression": "x <= 5", "evidence": [{"start": 0, "end": 18}]},
        {"name": "least", "expression": "x >= 7", "evidence": [{"start": 19, "end": 38}]},
    ],
}


def quod(*arguments: str, stdin: str = "", cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "quod", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=120,
        check=False,
    )


def save(folder: Path, document: Any, name: str = "formulation.json") -> str:
    path = folder / name
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return str(path)


def test_words_to_checked_certificate(tmp_path: Path) -> None:
    done = quod("solve", str(EXAMPLES / "coconuts.txt"), "--json", "-o", str(tmp_path / "result.json"))
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["status"] == "solved"
    assert result["answer"]["objective"] == "880"
    assert set(result["answer"]["values"]) == {"rickshaws", "ox carts"}
    assert result["certificate"]["strength"] == "exact"
    assert any("words" in line for line in result["certificate"]["does_not_cover"])
    checked = quod("check", "result.json", cwd=tmp_path)
    assert checked.returncode == 0
    assert "accepted" in checked.stdout


def test_answer_on_stdout_for_people() -> None:
    done = quod("solve", (EXAMPLES / "coconuts.txt").read_text())
    assert done.returncode == 0
    assert "880" in done.stdout
    assert "ox carts" in done.stdout


def test_text_from_stdin() -> None:
    done = quod("solve", "-", "--json", stdin=(EXAMPLES / "coconuts.txt").read_text())
    assert json.loads(done.stdout)["answer"]["objective"] == "880"


def test_formulation_without_words(tmp_path: Path) -> None:
    done = quod("solve", "--formulation", save(tmp_path, KNAPSACK), "--json")
    assert json.loads(done.stdout)["answer"]["objective"] == "22"


def test_tampered_result_is_rejected(tmp_path: Path) -> None:
    done = quod("solve", "--formulation", save(tmp_path, KNAPSACK), "--json")
    tampered = done.stdout.replace('"22"', '"23"')
    assert tampered != done.stdout
    checked = quod("check", save(tmp_path, tampered, "tampered.json"), "--json")
    assert checked.returncode == 1
    assert json.loads(checked.stdout)["accepted"] is False


def test_contradiction_is_solved_and_explained(tmp_path: Path) -> None:
    done = quod("solve", "--formulation", save(tmp_path, CONTRADICTION), "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["termination"] == "infeasible"
    sentences = {member["sentence"] for member in result["answer"]["conflict"]}
    assert sentences == {"Make at most 5 kg.", "Make at least 7 kg."}
    assert result["answer"]["relaxations"]
    assert quod("check", save(tmp_path, done.stdout, "result.json")).returncode == 0


def test_unread_text_is_unsolved_not_guessed() -> None:
    done = quod("solve", "Colourless green ideas sleep furiously, said the linguist.", "--json")
    assert done.returncode == 1
    result = json.loads(done.stdout)
    assert result["status"] == "unsolved"
    assert result["not_understood"]
    assert result["certificate"] is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"objective": {"sense": "maximize", "expression": "6*a + unknown"}}, "unknown"),
        ({"objective": {"sense": "maximize", "expression": "6*a + "}}, "objective"),
        ({"objective": {"sense": "best", "expression": "a"}}, "objective.sense"),
        ({"variables": [{"name": "a", "upper": "nan"}]}, "upper"),
        ({"variables": [{"name": "a", "lower": "-inf"}]}, "lower"),
        ({"variables": [{"name": "a", "index": ["I"]}]}, "I"),
        ({"constraints": [{"name": "weight", "expression": "a = 3"}]}, "=="),
        ({"constraints": [{"name": "weight", "expression": "__import__('os')"}]}, "weight"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_bad_formulations_name_the_place(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    done = quod("solve", "--formulation", save(tmp_path, {**KNAPSACK, **change}))
    assert done.returncode == 2, done.stdout + done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["solve", ""], 2, "empty"),
        (["solve"], 2, "formulation"),
        (["solve", "nosuchfile.txt"], 2, "nosuchfile.txt"),
        (["solve", "--formulation", "nosuchfile.json"], 2, "nosuchfile.json"),
        (["solve", "text of words", "--time-limit", "-1"], 2, "time_limit"),
        (["solve", "text of words", "--drafter", "crystal ball"], 2, "crystal ball"),
        (["solve", "text of words", "--drafter", "openai"], 3, "QUOD_MODEL_URL"),
        (["solve", "text of words", "--export", "model.docx"], 2, ".docx"),
        (["check", "nosuchfile.json"], 2, "nosuchfile.json"),
        (["explain", "nosuchfile.json"], 2, "nosuchfile.json"),
        (["nosuchcommand"], 2, "nosuchcommand"),
    ],
)
def test_bad_input_is_one_clear_line(arguments: list[str], code: int, message: str) -> None:
    done = quod(*arguments)
    assert done.returncode == code, done.stdout + done.stderr
    assert message in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_megabyte_of_text_is_answered() -> None:
    done = quod("solve", "-", "--json", stdin="A farmer has 20 cows and wants more. " * 27_000)
    assert done.returncode in (1, 2)
    assert "Traceback" not in done.stderr


def test_explain_shows_rows_beside_sentences(tmp_path: Path) -> None:
    result = tmp_path / "result.json"
    quod("solve", str(EXAMPLES / "coconuts.txt"), "-o", str(result))
    done = quod("explain", str(result), "--json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["rows"]
    assert any("at most $200" in row["source"] for row in rows)
    assert any("≤ 200" in row["mathematics"] for row in rows)


@pytest.mark.parametrize("suffix", [".py", ".lp", ".mps"])
def test_export(tmp_path: Path, suffix: str) -> None:
    target = tmp_path / f"model{suffix}"
    done = quod("solve", "--formulation", save(tmp_path, KNAPSACK), "--export", str(target))
    assert done.returncode == 0, done.stderr
    assert "weight" in target.read_text()


def test_small_memory_limit_fails_with_the_reason(tmp_path: Path) -> None:
    wide = {
        "sets": [{"name": "I", "elements": list(range(4000))}, {"name": "J", "elements": list(range(2500))}],
        "variables": [{"name": "x", "index": ["I", "J"]}],
        "objective": {"sense": "minimize", "expression": "sum(x[i, j] for i in I for j in J)"},
        "constraints": [{"name": "row", "expression": "sum(x[i, j] for j in J) >= 1", "for_each": "i in I"}],
    }
    done = quod("solve", "--formulation", save(tmp_path, wide), "--memory-limit", "300", "--json")
    assert done.returncode == 1, done.stderr
    result = json.loads(done.stdout)
    assert result["termination"] == "memory_limit"
    assert any("memory" in line for line in result["warnings"])


def test_doctor_finds_a_working_installation() -> None:
    done = quod("doctor", "--json")
    assert done.returncode == 0, done.stdout
    assert {"solve and check", "exact arithmetic"} <= {
        f["part"] for f in json.loads(done.stdout) if f["works"]
    }


def test_places_that_cannot_be_written_are_refused_before_anything_runs(tmp_path: Path) -> None:
    formulation = save(tmp_path, KNAPSACK)
    for arguments, message in [
        (["-o", str(tmp_path)], "--output"),
        (["-o", str(tmp_path / "no" / "r.json")], "there is no folder"),
        (["--export", str(tmp_path / "no" / "model.py")], "there is no folder"),
    ]:
        done = quod("solve", "--formulation", formulation, *arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert message in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("document", [[], "text", 1, None])
def test_a_formulation_that_is_no_object_is_bad_input(tmp_path: Path, document: Any) -> None:
    done = quod("solve", "--formulation", save(tmp_path, document if document != "text" else '"text"'))
    assert (done.returncode, done.stdout) == (2, "")
    assert "is not a JSON object" in done.stderr


def test_a_formulation_of_another_text_is_bad_input(tmp_path: Path) -> None:
    done = quod("solve", "Make at most 9 kg.", "--formulation", save(tmp_path, CONTRADICTION))
    assert (done.returncode, done.stdout) == (2, "")
    assert "another text" in done.stderr


@pytest.mark.parametrize("command", ["check", "explain"])
def test_a_key_that_stands_twice_is_bad_input(tmp_path: Path, command: str) -> None:
    done = quod(command, save(tmp_path, '{"evidence": {}, "objective": 1, "objective": 2}'))
    assert done.returncode == 2
    assert "'objective' stands twice" in done.stderr


def test_contradictory_words_are_shown_to_people() -> None:
    text = "A baker makes bread and cake. Bread earns $3 and cake $5. At most 100 in total may be made. "
    done = quod("solve", text + "At least 120 in total must be made. Maximize the profit.")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("in conflict: ") == 2
    assert "120 instead of 100 would do" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["solve", "a b", "--time-limit", "soon"], 2, "--time-limit"),
        (["nosuchcommand"], 2, "nosuchcommand"),
        (["check"], 2, "FILE"),
        (["solve", ""], 2, "empty"),
        (["explain", "nosuchfile.json"], 2, "nosuchfile.json"),
        (["bench", "nl4opt", "--data", "nosuchfile"], 2, "nosuchfile"),
        (["solve", "text of words", "--drafter", "openai"], 3, "QUOD_MODEL_URL"),
    ],
)
def test_every_error_is_one_json_document(arguments: list[str], code: int, message: str) -> None:
    done = quod(*arguments, "--json")
    assert done.returncode == code
    assert message in json.loads(done.stdout)["error"]["message"]
    assert message in done.stderr


def test_several_files_are_checked_and_the_worst_decides(tmp_path: Path) -> None:
    good = quod("solve", "--formulation", save(tmp_path, KNAPSACK), "--json").stdout
    save(tmp_path, good, "good.json")
    save(tmp_path, good.replace('"22"', '"23"'), "bad.json")
    assert quod("check", "good.json", "good.json", cwd=tmp_path).returncode == 0
    done = quod("check", "good.json", "bad.json", "--json", cwd=tmp_path)
    assert done.returncode == 1
    assert [report["accepted"] for report in json.loads(done.stdout)] == [True, False]
    assert quod("check", "bad.json", "none.json", "good.json", cwd=tmp_path).returncode == 2
    assert quod("check", "-", stdin=good).returncode == 0
