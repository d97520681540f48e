"""The text grammar of plans: read in any pieces, never evaluated, never guessed."""

from __future__ import annotations

import json
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from quod import errors, jobs
from quod.agents import plan_json, plan_text, references
from quod.agents.plan_problems import PlanProblem

TOOLS = {"search": ("query", "limit"), "solve": ("formulation", "time_limit"), "note": ("text",)}

PLAN = """Here is a plan (for the bakery):
```
Thought: first 1. search("not this one")
1. search("a) b # \\" ', 'no", limit=3)  # in quotes
2. solve({"x": [1, -2.5e3, $1.rows], 'y': null, "z": True,}, time_limit=${1.seconds})
3. note('''two "lines"
9. solve({})
join()''')
# a comment 4. note("x")

 4.note ( [ "", "", # inside
   "${1} apples at $3" ] )  after $2, 3 # and a comment
5. note()
6. join()<END_OF_PLAN>
7. note("too late")
"""

TASKS = [
    jobs.Task(id="1", tool="search", arguments={"query": "a) b # \" ', 'no", "limit": 3}),
    jobs.Task(
        id="2",
        tool="solve",
        arguments={
            "formulation": {"x": [1, -2500.0, "$1.rows"], "y": None, "z": True},
            "time_limit": "${1.seconds}",
        },
    ),
    jobs.Task(id="3", tool="note", arguments={"text": 'two "lines"\n9. solve({})\njoin()'}),
    jobs.Task(id="4", tool="note", arguments={"text": ["", "", "${1} apples at $3"]}, depends_on=["2", "3"]),
    jobs.Task(id="5", tool="note"),
]

CALLS = ["1. note(", "2. search(", "3. ", "solve(", "join()", "Thought: ", "<END_OF_PLAN>", "after 1", "```"]
MARKS = [*"'\"\\\n()[]{},:=# ", "'''", '"""', "$1", "${2}", "1.5", "true", "x"]
pieces = st.sampled_from(CALLS) | st.sampled_from(MARKS)
documents = st.lists(pieces, max_size=40).map("".join)


def parse(text: str) -> list[plan_text.Item]:
    return plan_text.parse(text, TOOLS)


def only_problem(text: str) -> PlanProblem:
    found = [item for item in parse(text) if isinstance(item, PlanProblem)]
    assert len(found) == 1, parse(text)
    return found[0]


def test_a_plan() -> None:
    assert parse(PLAN) == TASKS


def test_every_task_comes_with_the_end_of_its_line() -> None:
    parser = plan_text.TextPlanParser(TOOLS)
    lines = PLAN.splitlines(keepends=True)
    assert [len(parser.feed(line)) for line in lines] == [0, 0, 0, 1, 1, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0]
    assert parser.ended
    assert parser.close() == []


def test_the_plan_ends_with_join_itself() -> None:
    parser = plan_text.TextPlanParser(TOOLS)
    parser.feed("1. note('a')\n2. join()")
    assert parser.ended


@pytest.mark.parametrize(
    "end", ["join()", "2. join()", "join()<END_OF_PLAN>", "<END_OF_PLAN>", "2.join( $1 )"]
)
def test_ends_of_a_plan(end: str) -> None:
    assert [
        item.id for item in parse(f"1. note('a')\n{end}\n3. note('b')") if isinstance(item, jobs.Task)
    ] == ["1"]


@given(st.data(), st.just(PLAN) | documents)
def test_chunk_boundaries_do_not_matter(data: st.DataObject, text: str) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    parser = plan_text.TextPlanParser(TOOLS)
    found = []
    for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        found += parser.feed(text[start:end])
    assert found + parser.close() == parse(text)


@given(documents | st.text())
def test_no_text_raises(text: str) -> None:
    for item in parse(text):
        assert isinstance(item, (jobs.Task, PlanProblem))


def test_a_character_at_a_time_also_with_two_line_ends_in_one_piece() -> None:
    parser = plan_text.TextPlanParser(TOOLS)
    assert [
        task.id for task in parser.feed("1. note('a')\n\n2. note('b')\n") if isinstance(task, jobs.Task)
    ] == ["1", "2"]


json_texts = st.text() | st.sampled_from(
    ["$1", "${2}", "$1.a", "$$1", "3. note(')')\n4. note('x')", "join()", "'''"]
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | json_texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(json_texts, inner, max_size=3),
    max_leaves=10,
)
names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
plans = st.lists(
    st.builds(
        jobs.Task,
        id=st.integers(0, 10**9 - 1).map(str),
        tool=st.sampled_from(sorted(TOOLS)),
        arguments=st.dictionaries(names, json_values, max_size=3),
        depends_on=st.lists(st.integers(0, 99).map(str), unique=True, max_size=3),
    ),
    max_size=5,
    unique_by=lambda task: task.id,
)


@given(plans)
def test_what_is_rendered_is_read_back(tasks: list[jobs.Task]) -> None:
    assert parse(plan_text.render(tasks)) == tasks


@given(plans)
def test_both_formats_give_the_same_tasks(tasks: list[jobs.Task]) -> None:
    assert plan_json.parse(plan_json.render(tasks), TOOLS) == parse(plan_text.render(tasks))


def test_a_problem_names_the_line_of_the_mistake() -> None:
    problem = only_problem("\n1. search(\n  'a',\n  tea)\n")
    assert (problem.line, problem.task) == (4, "1")
    assert str(problem) == "line 4: tea is no value; put text in quotes (read: 1. search( 'a', tea))"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1) note('a')", "write a number, a point and a call"),
        ("- 1: note('a')", "write a number, a point and a call"),
        ("note('a')", "write a number, a point and a call"),
        ("1. Call note('a')", "write a number, a point and a call"),
        ("I cannot plan this (yet).", "the plan has no task"),
        ("```\n# nothing\n```", "the plan has no task"),
        ("1. note", "write a number, a point and a call"),
        ("1. note('a') and more", "after the closing parenthesis stands 'and more'"),
        ("1. note('a') 2. note('b')", "after the closing parenthesis"),
        ("1. fly('a')", "no tool 'fly'; the tools are search, solve, note"),
        ("9999999999. note('a')", "at most 9 digits"),
        ("1. note('a", "a text in quotes is never closed"),
        ("1. note('a'", "a parenthesis is never closed"),
        ("1. note(''", "a parenthesis is never closed"),
    ],
)
def test_lines_that_are_no_task(text: str, message: str) -> None:
    assert message in only_problem(text).message


@pytest.mark.parametrize("text", ["", "join()", "Thought: nothing is missing.\n1. join()", "<END_OF_PLAN>"])
def test_a_plan_may_be_empty(text: str) -> None:
    assert parse(text) == []


def test_an_id_is_used_once() -> None:
    items = parse("1. note('a')\n01. note('b')\n2. note(tea)\n2. note('c')")
    assert items[0] == jobs.Task(id="1", tool="note", arguments={"text": "a"})
    assert [
        item.message for item in items[1:] if isinstance(item, PlanProblem) and "already" in item.message
    ] == [
        "task 1 is already in the plan; give each task an id of its own",
        "task 2 is already in the plan; give each task an id of its own",
    ]


def test_a_call_that_is_not_closed_ends_before_the_next_one() -> None:
    items = parse("1. note([1, 2)\n2. note('b')\n3. note({'a': (\njoin()")
    assert [item.task if isinstance(item, PlanProblem) else item for item in items] == [
        "1",
        jobs.Task(id="2", tool="note", arguments={"text": "b"}),
        "3",
    ]


@pytest.mark.parametrize(
    "opening", ["1. note('", '1. note("', "1. note('''", '1. note("""', "1) note('", "note('"]
)
def test_text_that_is_never_closed_makes_no_tasks_of_what_it_quotes(opening: str) -> None:
    items = parse(f"{opening}results:\n2. note(3)\njoin()\n")
    assert [type(item) for item in items] == [PlanProblem]


def test_length_is_limited() -> None:
    text = "1. note('" + "x" * plan_text.MAX_CHARACTERS
    assert "longer than" in str(parse(text)[0])


@pytest.mark.parametrize(
    "text", ["(" * 300_000, "1. note('a'" + " " * 300_000 + "x", "1. note(a" + "# " * 200_000]
)
def test_no_text_takes_long(text: str) -> None:
    parse(text)


def test_what_the_grammar_cannot_say_is_refused() -> None:
    with pytest.raises(errors.InvalidInput, match="ids in a text plan"):
        plan_text.render([jobs.Task(id="a", tool="note")])
    with pytest.raises(errors.InvalidInput, match="no name of letters and digits"):
        plan_text.render([jobs.Task(id="1", tool="note", arguments={"a b": 1})])


@given(json_values)
def test_escaped_values_stay_values_through_the_text(value: Any) -> None:
    task = jobs.Task(id="1", tool="note", arguments={"text": references.escape(value)})
    (read,) = parse(plan_text.render([task]))
    assert isinstance(read, jobs.Task)
    assert references.resolve(read.arguments, {}) == {"text": json.loads(json.dumps(value))}
