"""Arguments in text plans: literals and references, nothing else."""

from __future__ import annotations

import ast
import io
import tokenize
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import example, given

from quod import jobs
from quod.agents import plan_text
from quod.agents.plan_problems import PlanProblem

TOOLS = {"note": ("text",)}


def parse(text: str) -> list[plan_text.Item]:
    return plan_text.parse(text, TOOLS)


@given(st.text(alphabet="ab'\"\\nxu0417 \r\t$é", max_size=30), st.sampled_from(["'", '"', "'''", '"""']))
@example("\\u0041\\x41\\101\\\n", "'''")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Python, for escapes without a meaning
def test_quoted_text_means_what_it_means_in_python(body: str, quote: str) -> None:
    source = f"{quote}{body}{quote}"
    try:
        expected = ast.literal_eval(source)
    except (SyntaxError, ValueError):
        return  # also text that ends too early; what then happens is tested above
    if "\r" in body or ast.dump(ast.parse(source)).count("Constant") != 1 or _parts(source) != 1:
        return  # Python reads "\r" as "\n" and joins neighbours; quod does neither
    item = parse(f"1. note({source})\n")
    assert item == [jobs.Task(id="1", tool="note", arguments={"text": expected})]


def _parts(source: str) -> int:
    return sum(
        token.type == tokenize.STRING for token in tokenize.generate_tokens(io.StringIO(source).readline)
    )


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("0", 0),
        ("-0.0", 0.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e3", 1000.0),
        ("123456789012345678901234567890", 123456789012345678901234567890),
        ("true", True),
        ("None", None),
        ("$1", "$1"),
        ("${1.a}", "${1.a}"),
        ("[$1, ${2}]", ["$1", "${2}"]),
        ('"\\ud83d\\ude00 \\/"', "😀 \\/"),
        ("'one\ntwo'", "one\ntwo"),
        ("{}", {}),
        ("[[], {'a': {'b': []}},]", [[], {"a": {"b": []}}]),
        ("'$$1'", "$$1"),
    ],
)
def test_values(written: str, value: Any) -> None:
    item = parse(f"1. note({written})")
    assert item == [jobs.Task(id="1", tool="note", arguments={"text": value})]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("tea", "tea is no value; put text in quotes"),
        ("'a' 'b'", "a comma is missing before \"'b'\""),
        ("'a', 'b'", "more than 1 arguments .they are: text."),
        ("text='a', text='b'", "'text' is given twice"),
        ("text='a', 'b'", "an argument without a name follows"),
        ("[1, 2", "is never closed"),
        ("[1, 2}", "a comma or ']' is missing before '}'"),
        ("{1: 2}", "keys of an object are quoted text"),
        ("{'a' 2}", "a colon is missing after the key 'a'"),
        ("{'a': 1, 'a': 2}", "the key 'a' stands twice"),
        ("$3.50", "'\\$3.50' is no value"),
        ("$1 + 2", "a comma is missing before '\\+ 2'"),
        ("007", "begins with 0"),
        ("1e999", "too large"),
        ("9" * 5000, "too large"),
        ("NaN", "NaN is no value"),
        ("1_000", "is no value"),
        ("f'a'", "is no value"),
        ("(1, 2)", "is no value"),
        ("solve($1)", "is no value"),
        ("__import__('os').system('true')", "is no value"),
        ("'\\ud800'", "surrogate"),
        ("'\\x1'", "unfinished escape"),
        ("'\\U00110000'", "is no character"),
        ("“tea”", "is no value; put text in quotes"),
        (",", "is no value"),
        ("[" * 100 + "]" * 100, "nested deeper than"),
        ("[" * 100_000 + "]" * 100_000, "nested deeper than"),
    ],
)
def test_arguments_that_cannot_be_read_are_a_problem_of_their_task(arguments: str, message: str) -> None:
    items = parse(f"1. note({arguments})\n2. note('ok')\n")
    problem = items[0]
    assert isinstance(problem, PlanProblem)
    assert (problem.task, problem.tool, problem.line) == ("1", "note", 1)
    with pytest.raises(ValueError, match=message):
        raise ValueError(problem.message)
    if "never closed" not in message:
        assert items[1:] == [jobs.Task(id="2", tool="note", arguments={"text": "ok"})]
