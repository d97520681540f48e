"""A computation is accepted only when its program, run again here, does exactly what is claimed."""

from __future__ import annotations

import functools
import importlib
import json
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quod import certificates, documents, errors, jobs
from quod.certificates import computation
from quod.workers import sandbox
from quod.workers.sandbox import backends

sys.path.append(str(Path(__file__).parent))
attacks = importlib.import_module("computation_attacks")
CERTIFICATE = attacks.certificate()


def rejected(document):
    with pytest.raises(errors.CertificateRejected) as caught:
        certificates.check(document)
    return str(caught.value)


def survivors(tried):
    """Names of the attacks that were accepted."""
    accepted = []
    for name, attack in tried:
        try:
            certificates.check(attack)
        except (errors.CertificateRejected, errors.InvalidInput):
            continue
        accepted.append(name)
    return accepted


def test_a_program_that_gives_the_same_again_is_accepted():
    verdict = certificates.check(CERTIFICATE)
    assert (verdict.kind, verdict.strength) == ("computation", "tested")
    assert any("sandbox" in line for line in verdict.summary)
    assert certificates.check(jobs.Certificate.model_validate(CERTIFICATE)).kind == "computation"


def test_a_solved_result_is_checked_with_its_answer():
    result = attacks.result(CERTIFICATE)
    certificates.check(result)
    certificates.check(jobs.Result.model_validate(result))
    certificates.check({**result, "answer": {"value": attacks.VALUE, "output": "6\n"}})
    certificates.check({**result, "answer": {"output": "6\n"}})


def test_a_file_with_decimal_numbers_is_accepted(tmp_path):
    path = tmp_path / "result.json"
    path.write_text(json.dumps(attacks.result(CERTIFICATE)), encoding="utf-8")
    read = documents.read_json(path)
    assert read["certificate"]["claim"]["value"]["mean"] == "1.5"  # the reader keeps decimals as text
    certificates.check(read)


def test_other_programs_and_inputs_are_rejected():
    tried = list(attacks.on_program(CERTIFICATE))
    assert len(tried) >= 20
    assert survivors(tried) == []


def test_other_claims_are_rejected():
    tried = list(attacks.on_claim(CERTIFICATE))
    assert len(tried) >= 30
    assert survivors(tried) == []


def test_other_labels_are_rejected():
    tried = list(attacks.on_labels(CERTIFICATE))
    assert len(tried) >= 120
    assert survivors(tried) == []


def test_other_answers_are_rejected():
    tried = list(attacks.on_result(attacks.result(CERTIFICATE)))
    assert len(tried) >= 20
    assert survivors(tried) == []


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (attacks.certificate(output="60\n"), "claim.output: differs at character 2: claimed '0\\n', printed"),
        (attacks.certificate(value={**attacks.VALUE, "sum": 7}), "but the program wrote {'sum': 6"),
        (attacks.certificate(program="raise SystemExit('tired')"), "it failed: tired"),
        (attacks.certificate(program="while True: pass", seconds=0.1, cpu_seconds=5), "the limit on seconds"),
        (attacks.certificate(program="bytearray(1 << 30)", memory_mb=200), "memory"),
        (attacks.certificate(program="print('x' * 100_000)", output_bytes=1000), "more than is kept"),
        (attacks.certificate(program="#" * (1 << 20)), "has 1048576 bytes"),
        (attacks.certificate(stdin=" " * (1 << 25)), "evidence.stdin"),
    ],
)
def test_the_message_says_what_differs(document, message):
    if message == "has 1048576 bytes":
        document["evidence"]["program"] += "#"
        message = "has 1048577 bytes"
    assert message in rejected(document)


def test_the_version_is_told_when_it_differs():
    document = attacks.certificate(output="7\n")
    document["evidence"]["python"] = "3.99.1"
    assert "made with Python 3.99.1" in rejected(document)


def test_limits_of_a_document_are_capped():
    wanted = dict.fromkeys(computation.CAPS, "1e12")
    assert computation.allowed(wanted) == sandbox.Limits(**computation.CAPS)
    assert computation.allowed({**attacks.LIMITS, "seconds": 2}).seconds == 2 * computation.SLACK
    assert computation.allowed(dict.fromkeys(computation.CAPS, "1/1000")) == sandbox.Limits(
        *[1] * len(computation.CAPS)
    )


def test_the_smallest_limits_end_in_a_rejection():
    rejected(attacks.certificate(**dict.fromkeys(computation.CAPS, 1)))


def test_without_a_sandbox_nothing_is_judged(monkeypatch):
    monkeypatch.setattr(backends, "ISOLATIONS", ())
    with pytest.raises(errors.Misconfigured, match="no sandbox works here"):
        certificates.check(CERTIFICATE)


def test_a_file_cannot_permit_a_run_without_a_sandbox(monkeypatch, tmp_path):
    monkeypatch.setattr(backends, "ISOLATIONS", ())
    (tmp_path / ".env").write_text("QUOD_SANDBOX=none\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(errors.Misconfigured):
        certificates.check(CERTIFICATE)


def test_the_environment_can_permit_it_where_no_sandbox_works(monkeypatch):
    monkeypatch.setenv("QUOD_SANDBOX", "none")
    assert "in a sandbox" in certificates.check(CERTIFICATE).summary[1]  # one works here, so it is used
    monkeypatch.setattr(backends, "ISOLATIONS", ())
    assert "without any isolation" in certificates.check(CERTIFICATE).summary[1]
    assert "differs" in rejected(attacks.certificate(output="7\n"))


SCALARS = [
    None, True, -1, 10**5000, 0.5, float("nan"), float("inf"), "", "x", "\ud800", "\x1b[2J", [], {},
    [[10**5000]], {"x": 10**5000}, {"": "1"}, ("a",), b"x", object(), "1e999", "9" * 5000,
]  # fmt: skip


def places(document, path=()):
    """Every path into a document but its root."""
    for key, value in document.items() if isinstance(document, dict) else enumerate(document):
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from places(value, (*path, key))


def test_junk_anywhere_is_rejected_and_raises_nothing_else():
    program = "print(1)\nwith open('result.json', 'w') as file: file.write('{\"a\": [2]}')"
    short = attacks.certificate(program, "", "1\n", {"a": [2]})
    certificates.check(short)
    spots = [path for path in places(short) if path[:2] != ("evidence", "limits")]
    tried = [
        ((path, k), attacks.edited(short, *path, junk)) for path in spots for k, junk in enumerate(SCALARS)
    ]
    for path, k in survivors(tried):
        free = path[0] == "evidence" and path[1] in (
            "stdin",
            "python",
            "sandbox",
        )  # this program reads nothing
        assert (free and isinstance(SCALARS[k], str)) or (path == ("formulation",) and SCALARS[k] is None), (
            path,
            k,
        )


def test_a_value_nested_deeply_is_rejected():
    deep = current = []
    for _ in range(100_000):
        current.append([])
        current = current[0]
    document = attacks.certificate()
    document["claim"]["value"] = deep
    assert "too deep" in rejected(document)


def test_a_certificate_that_cannot_be_written_is_rejected():
    """As an object of `quod.jobs` it is first made plain, which pydantic does to a certain depth only."""
    for broken in ("\ud800", functools.reduce(lambda inner, _: [inner], range(400), 1)):
        document = attacks.certificate("print(1)", "", "1\n", broken)
        message = rejected(jobs.Certificate.model_validate(document))
        assert message.startswith(("the certificate cannot be read", "claim.value"))


def test_bytes_that_are_not_utf8_count_as_the_replacement_character():
    program = "import sys\nsys.stdout.buffer.write(b'\\xff')"
    certificates.check(attacks.certificate(program, "", "\ufffd", None))
    assert "claim.output" in rejected(attacks.certificate(program, "", "?", None))


def test_what_is_no_number_of_json_is_a_text(tmp_path):
    """No program can write NaN; a file that says NaN claims the text."""
    program = "open('result.json', 'w').write({!r})"
    path = tmp_path / "certificate.json"
    path.write_text(json.dumps(attacks.certificate(program.format('"NaN"'), "", "", float("nan"))))
    certificates.check(documents.read_json(path))
    assert "claim.value" in rejected(attacks.certificate(program.format("NaN"), "", "", "NaN"))


def test_what_a_program_says_does_not_steer_the_terminal():
    message = rejected(attacks.certificate(program="raise SystemExit('\x1b[2J done')"))
    assert "\x1b" not in message
    assert "[2J done" in message


def test_an_unknown_setting_is_the_operators_mistake(monkeypatch):
    monkeypatch.setenv("QUOD_SANDBOX", "docker")
    with pytest.raises(errors.Misconfigured, match="QUOD_SANDBOX"):
        certificates.check(CERTIFICATE)


def test_the_program_sees_nothing_of_the_checkers_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("SECRET", "xyzzy")
    (tmp_path / "secret").write_text("xyzzy", encoding="utf-8")
    program = f"""
import os
print("SECRET" in os.environ)
try:
    print(open({str(tmp_path / "secret")!r}).read())
except OSError:
    print("nothing")
"""
    certificates.check(attacks.certificate(program, "", "False\nnothing\n", None))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)


@given(json_values)
def test_a_value_is_the_same_after_it_was_written_and_read(value):
    text = json.dumps(value)
    assert computation.same(value, json.loads(text))
    assert computation.same(value, json.loads(text, parse_float=str))


@given(json_values, json_values)
def test_values_that_are_the_same_print_the_same(first, second):
    plain = [json.dumps(json.loads(json.dumps(v), parse_float=str), sort_keys=True) for v in (first, second)]
    assert computation.same(first, second) == (plain[0] == plain[1])
