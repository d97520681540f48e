from __future__ import annotations

from typing import Any

from quod import jobs
from quod.agents import numbering
from quod.agents.plan_problems import PlanProblem


def task(name: str, *arguments: Any, after: tuple[str, ...] = ()) -> jobs.Task:
    return jobs.Task(id=name, tool="t", arguments={"a": list(arguments)}, depends_on=list(after))


def taken(*items: numbering.Item, earlier: tuple[str, ...] = ("1", "2", "3")) -> list[numbering.Item]:
    numbers = numbering.Numbering(earlier)
    return [numbers.take(item) for item in items]


def test_a_first_plan_keeps_its_numbers() -> None:
    plan = [task("1"), task("7", "$1", "$9"), task("x", after=("7",))]
    assert taken(*plan, earlier=()) == plan


def test_a_plan_that_goes_on_counting_keeps_its_numbers_and_its_references() -> None:
    plan = [task("4", "$2"), task("5", "$4", "${3.name}", "a ${1} b")]
    assert taken(*plan) == plan


def test_a_plan_that_begins_at_one_again_is_renumbered_with_its_references() -> None:
    plan = [task("1", "$3.page"), task("2", "$1", {"k": ["${1.x}"]}, "of ${1}", "$$1", after=("1",))]
    assert taken(*plan) == [
        task("4", "$3.page"),
        task("5", "$4", {"k": ["${4.x}"]}, "of ${4}", "$$1", after=("4",)),
    ]


def test_a_new_number_is_not_given_twice() -> None:
    assert [item.id for item in taken(task("1"), task("4"), task("2"))] == ["4", "5", "6"]


def test_a_number_that_stood_for_an_earlier_output_is_no_task_afterwards() -> None:
    """Which of the two was meant cannot be known, and must not depend on which came first."""
    first, second = taken(task("3", "$2"), task("2"))
    assert isinstance(first, jobs.Task)
    assert isinstance(second, PlanProblem)
    assert second.task is None
    assert "another number, from 5 on" in second.message


def test_a_task_that_stands_twice_stays_the_same_for_the_scheduler_to_refuse() -> None:
    assert [item.id for item in taken(task("1"), task("1"))] == ["4", "4"]


def test_problems_are_renumbered_too() -> None:
    broken = PlanProblem("cannot be read", task="1", tool="t")
    after = task("2", "$1")
    problem, dependant = taken(broken, after)
    assert problem.task == "4"
    assert dependant == task("5", "$4")
