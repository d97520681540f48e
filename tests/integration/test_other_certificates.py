"""Certificates that are about no formulation, on the command line: check, explain, and the printed result."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from quod import cli, errors, jobs
from quod.agents import evidence
from quod.agents.tools import solve
from quod.cli import show
from quod.solvers import formulation, options, run
from quod.workers import sandbox

PROGRAM = "import json\nprint(6 * 7)\njson.dump({'n': 42, 'f': 0.5}, open('result.json', 'w'))\n"
MODEL = {
    "variables": [{"name": "x", "domain": "integer", "upper": 4}],
    "objective": {"sense": "maximize", "expression": "2 * x"},
    "constraints": [{"name": "odd", "expression": "2 * x <= 7"}],
}


def computation():
    ran = sandbox.run_python(PROGRAM)
    certificate = evidence.computation(PROGRAM, "", ran, sandbox.Limits())
    return jobs.Result(
        id="job_1", kind="compute", status="solved", termination="computed",
        answer={"value": ran.value}, certificate=certificate,
    )  # fmt: skip


def conjunction():
    chosen = formulation.parse(MODEL)
    _, proof = run.solve_and_prove(chosen, options.Options())
    best, first = solve.certify(chosen, proof), computation()
    answers = [
        {"question": "What is 6 times 7?", "termination": "computed", "answer": first.answer},
        {
            "question": "How large can x be?",
            "termination": "optimal",
            "answer": solve.answer(best.formulation, proof),
        },
    ]
    certificate = evidence.conjunction(
        [("What is 6 times 7?", first.certificate), ("How large can x be?", best)]
    )
    return jobs.Result(
        id="job_2", kind="auto", status="solved", termination="combined",
        answer={"parts": answers}, certificate=certificate,
    )  # fmt: skip


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    for name, result in (("computed", computation()), ("combined", conjunction())):
        (folder / name).write_text(result.model_dump_json(), encoding="utf-8")
    wrong = computation().model_copy(update={"answer": {"value": {"n": 41, "f": 0.5}}})
    (folder / "wrong").write_text(wrong.model_dump_json(), encoding="utf-8")
    return folder


def invoked(*arguments, **environment):
    return CliRunner().invoke(cli.app, [str(part) for part in arguments], env=environment)


def test_check_accepts_what_holds_and_says_what_is_not_proved(files):
    ran = invoked("check", files / "computed", files / "combined")
    assert ran.exit_code == 0, ran.output
    assert "computation, tested" in ran.output
    assert "How large can x be?: objective 6 is attained" in ran.output
    assert ran.output.count("not proved: that the program computes what the words ask") == 2
    assert "closure" not in ran.output
    assert invoked("check", files / "wrong").exit_code == 1


def test_check_without_a_sandbox_exits_3_and_rejects_nothing(files):
    ran = invoked("check", "--json", files / "computed", QUOD_SANDBOX="docker")
    assert ran.exit_code == 3
    report = json.loads(ran.stdout)
    assert not report["accepted"]
    assert "QUOD_SANDBOX" in report["reason"]
    assert "not judged" in invoked("check", files / "computed", QUOD_SANDBOX="docker").output


def test_explain_shows_programs_and_models(files):
    ran = invoked("explain", files / "combined")
    assert ran.exit_code == 0, ran.output
    assert "What is 6 times 7?" in ran.output
    assert "print(6 * 7)" in ran.output
    assert "2·x ≤ 7" in ran.output
    told = json.loads(invoked("explain", "--json", files / "computed").stdout)
    assert told == {"program": PROGRAM, "stdin": "", "output": "42\n", "value": {"n": 42, "f": "0.5"}}
    parts = json.loads(invoked("explain", "--json", files / "combined").stdout)["parts"]
    assert [part["question"] for part in parts] == ["What is 6 times 7?", "How large can x be?"]
    assert "rows" in parts[1]


@pytest.mark.parametrize(
    "certificate",
    [
        {"kind": "computation", "evidence": {}, "claim": {}},
        {"kind": "conjunction", "evidence": {"parts": [1]}, "claim": {}},
        {"kind": "conjunction", "evidence": {"parts": [{"question": "x", "certificate": 7}]}, "claim": {}},
        {"kind": "conjunction", "evidence": {"parts": []}, "claim": {}},
    ],
)
def test_explain_of_a_broken_certificate_is_bad_input(certificate, tmp_path):
    (tmp_path / "broken").write_text(json.dumps({"certificate": certificate}), encoding="utf-8")
    ran = invoked("explain", tmp_path / "broken")
    assert isinstance(ran.exception, errors.InvalidInput)


def test_results_are_printed_with_their_answers(capsys):
    show.result(computation())
    assert 'answer: {"n": 42, "f": 0.5}' in capsys.readouterr().out
    show.result(conjunction())
    printed = capsys.readouterr().out
    assert "What is 6 times 7?: computed" in printed
    assert "maximize: 6" in printed
    assert "not proved: that the parts together answer what the words ask" in printed
