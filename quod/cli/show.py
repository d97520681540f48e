"""Results and verdicts for people. Everything here prints to stdout; progress goes to stderr."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import rich.console
import rich.markup

from quod import jobs, numbers
from quod.certificates import statements

VALUES_SHOWN = 40
_STRICT = re.compile("[<>](?!=)")


def console(*, stderr: bool = False) -> rich.console.Console:
    """A console that never wraps or styles what is piped into other programs."""
    return rich.console.Console(stderr=stderr, highlight=False, soft_wrap=True)


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """A spinner with the current step on stderr, silent when stderr is not a terminal."""
    screen = console(stderr=True)
    if not screen.is_terminal:
        yield lambda line: None
        return
    with screen.status("starting") as status:
        yield lambda line: status.update(line)


def number(value: Any) -> str:
    """`25/2` as `12.5`, `40/3` as it is, floats with ten digits."""
    if isinstance(value, float):
        return f"{value:.10g}"
    try:
        return numbers.to_decimal_text(numbers.exact(value))
    except Exception:
        return str(value)


def printable(text: str) -> str:
    """A stranger's text for the terminal: as it is, but nothing in it steers the terminal or is markup."""
    kept = (c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text)
    return rich.markup.escape("".join(kept))


def one_line(text: str) -> str:
    """The same without line breaks, where each line of the output is one statement of quod's own."""
    return printable(" ".join(text.splitlines()))


def result(outcome: jobs.Result) -> None:
    """Print a result: the answer, what is proved, what is not, and the warnings."""
    out = console()
    if outcome.status is jobs.Status.SOLVED and outcome.certificate is not None:
        strength = outcome.certificate.strength
        out.print(f"[bold green]{outcome.termination}[/] (certificate: {strength})")
        _shown(out, outcome.answer or {}, outcome.certificate.model_dump())
        for line in not_proved(outcome.certificate.model_dump()):
            out.print(f"[dim]not proved: {one_line(line)}[/]")
    else:
        out.print(f"[bold red]{outcome.status}[/] ({outcome.termination})")
        for line in outcome.not_understood:
            out.print(f"  not understood: {one_line(line)}")
        if outcome.candidate is not None:
            out.print("  a candidate formulation is in the JSON output (--json); `quod explain` shows it")
    for line in outcome.warnings:
        out.print(f"[yellow]warning:[/] {one_line(line)}")
    sys.stdout.flush()


def not_proved(certificate: dict[str, Any]) -> list[str]:
    """What the certificate does not cover, without the caveat on strict rows where there is no strict row.

    Of a certificate of several parts: what it and its parts do not cover, each line once.
    """
    if certificate["kind"] == "conjunction":
        parts = [not_proved(part["certificate"]) for part in certificate["evidence"]["parts"]]
        return list(
            dict.fromkeys([*certificate["does_not_cover"], *(line for part in parts for line in part)])
        )
    rows = (certificate.get("formulation") or {}).get("constraints", [])
    strict = any(_STRICT.search(row["expression"]) for row in rows)
    return [line for line in certificate["does_not_cover"] if strict or line != statements.CLOSURE]


def _shown(out: rich.console.Console, answer: dict[str, Any], certificate: dict[str, Any]) -> None:
    """The answer of a job of any kind."""
    if certificate["kind"] == "conjunction":
        for part, told in zip(certificate["evidence"]["parts"], answer["parts"], strict=True):
            out.print(f"[bold]{one_line(part['question'])}[/]: {told['termination']}")
            _shown(out, told["answer"] or {}, part["certificate"])
    elif certificate["kind"] == "computation":
        value = answer.get("value", answer.get("output"))
        shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        out.print(f"answer: [bold]{printable(shown)}[/]")
    else:
        _answer(out, answer, certificate["formulation"])


def _answer(out: rich.console.Console, answer: dict[str, Any], formulation: dict[str, Any]) -> None:
    if "objective" in answer:
        label = formulation["objective"].get("label", "")
        of = f" of {label}" if label else ""
        out.print(f"{answer['sense']}{one_line(of)}: [bold]{number(answer['objective'])}[/]")
    values = answer.get("values", {})
    width = max((len(name) for name in values), default=0)
    shown = [
        (name, value) for name, value in values.items() if len(values) <= VALUES_SHOWN or number(value) != "0"
    ]
    for name, value in shown[:VALUES_SHOWN]:
        out.print(f"  {one_line(name.ljust(width))}  {number(value)}")
    if len(shown) > VALUES_SHOWN:
        out.print(f"  … {len(shown) - VALUES_SHOWN} more (--json)")
    for other in answer.get("alternatives", []):
        out.print(f"another reading: {one_line(other['text'])}")
    for member in answer.get("conflict", []):
        out.print(f"  in conflict: {one_line(member.get('sentence') or member['expression'])}")
    for change in answer.get("relaxations", []):
        out.print(f"  would help: {one_line(change['message'])}")
