from __future__ import annotations

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quod.solvers import coverage
from quod.solvers.formulation import (
    Constraint,
    Convention,
    Evidence,
    Formulation,
    Objective,
    Parameter,
    Unused,
    Variable,
)

TEXT = (
    "A farm grows two types of crops, corn and wheat. An acre of corn earns $1,200 and an acre of wheat "
    "$900.50. There are only 300 acres available. At least 15 % of the land must be wheat, and corn needs "
    "twice the water: 2 units against 1 unit, with no more than six thousand units. Maximize the earnings."
)


def at(*pieces: str, text: str = TEXT) -> list[Evidence]:
    spans = []
    for piece in pieces:
        assert text.count(piece) == 1, piece
        spans.append(Evidence(start=text.index(piece), end=text.index(piece) + len(piece)))
    return spans


def farm(**changes: object) -> Formulation:
    parts: dict[str, object] = {
        "text": TEXT,
        "variables": [Variable(name="corn"), Variable(name="wheat")],
        "objective": Objective(
            sense="maximize", expression="1200*corn + 900.5*wheat", evidence=at("$1,200", "$900.50")
        ),
        "constraints": [
            Constraint(
                name="land", expression="corn + wheat <= 300", evidence=at("only 300 acres available")
            ),
            Constraint(
                name="share",
                expression="wheat >= 0.15*(corn + wheat)",
                evidence=at("At least 15 % of the land must be wheat"),
            ),
            Constraint(
                name="water",
                expression="2*corn + wheat <= 6000",
                evidence=at("twice", "2 units against 1 unit, with no more than", "six thousand"),
            ),
        ],
    }
    return Formulation(**{**parts, **changes})  # type: ignore[arg-type]


def items(formulation: Formulation) -> dict[str, coverage.Item]:
    return {item.text: item for item in coverage.check(formulation).items}


def test_everything_is_used_or_has_a_reason() -> None:
    found = coverage.check(farm())
    assert found.missing == []
    by_text = {item.text: item for item in found.items}
    assert by_text["two"].reason == "counts the kinds that the text names"
    assert by_text["1,200"].element == "objective"
    assert by_text["1,200"].value == 1200
    assert by_text["15 %"].element == "constraint share"
    assert by_text["At least"].element == "constraint share"
    assert by_text["available"].element == "constraint land"
    assert by_text["no more than"].element == "constraint water"
    assert all(TEXT[item.start : item.end] == item.text for item in found.items)


@pytest.mark.parametrize(
    ("row", "words"),
    [("land", ["300 acres available"]), ("share", ["At least 15 %"]), ("water", ["no more than"])],
)
def test_a_dropped_row_is_missed_in_the_users_words(row: str, words: list[str]) -> None:
    whole = farm()
    rows = [c for c in whole.constraints if c.name != row]
    missing = coverage.check(farm(constraints=rows)).missing
    for word in words:
        assert any(f"'{word}" in message for message in missing), missing


def test_a_message_joins_comparison_and_number_and_gives_the_place() -> None:
    rows = [c for c in farm().constraints if c.name != "share"]
    (message,) = coverage.check(farm(constraints=rows)).missing
    start = TEXT.index("At least 15 %")
    assert message.startswith(f"'At least 15 %' (characters {start}-{start + 13}, in “")
    assert message.endswith("is not used by any constraint")


def test_a_wide_range_counts_only_for_numbers_that_the_expression_holds() -> None:
    sentence = "At least 15 % of the land must be wheat"
    wrong = Constraint(name="share", expression="wheat >= 0.25*(corn + wheat)", evidence=at(sentence))
    others = [c for c in farm().constraints if c.name != "share"]
    assert any("15 %" in m for m in coverage.check(farm(constraints=[*others, wrong])).missing)
    complement = wrong.model_copy(update={"expression": "corn <= 0.85*(corn + wheat)"})
    assert coverage.check(farm(constraints=[*others, complement])).missing == []


def test_a_range_over_the_whole_text_covers_nothing() -> None:
    whole = [Evidence(start=0, end=len(TEXT))]
    objective = Objective(sense="maximize", expression="corn", evidence=whole)
    row = Constraint(name="land", expression="corn <= 7", evidence=whole)
    missing = coverage.check(farm(objective=objective, constraints=[row])).missing
    assert any("300" in message for message in missing)
    assert any("15 %" in message for message in missing)


def test_a_parameter_counts_for_the_rows_that_name_it_and_for_nothing_when_none_does() -> None:
    limit = Parameter(name="land_limit", value="300", evidence=at("300"))
    others = [c for c in farm().constraints if c.name != "land"]
    row = Constraint(name="land", expression="corn + wheat <= land_limit")
    used = items(farm(parameters=[limit], constraints=[*others, row]))
    assert used["300"].element == "parameter land_limit"
    assert used["available"].element == "constraint land"
    unused = items(farm(parameters=[limit], constraints=others))
    assert unused["300"].is_missing
    assert unused["available"].is_missing


def test_numbers_of_indexed_parameters_are_found_in_their_values() -> None:
    text = "Plant a holds 40 tons and plant b 55 tons."
    supply = Parameter(name="supply", index=[], value="55", evidence=[Evidence(start=0, end=len(text))])
    listed = Formulation(
        text=text,
        variables=[Variable(name="x")],
        parameters=[supply],
        objective=Objective(sense="maximize", expression="supply*x"),
    )
    found = items(listed)
    assert found["55"].element == "parameter supply"
    assert found["40"].is_missing
    with_table = supply.model_copy(update={"value": None, "values": {"a": "40", "b": "55"}})
    assert not items(listed.model_copy(update={"parameters": [with_table]}))["40"].is_missing


def test_listed_reasons_are_kept_and_empty_ones_are_none() -> None:
    text = "In total 12 people like 30 cakes."
    base = Formulation(
        text=text,
        variables=[Variable(name="cakes")],
        objective=Objective(sense="minimize", expression="cakes"),
        unused=[
            Unused(evidence=at("12", text=text)[0], reason="background"),
            Unused(evidence=at("30", text=text)[0], reason=" "),
        ],
    )
    found = items(base)
    assert found["12"].reason == "background"
    assert found["30"].is_missing


def test_several_users_are_reported_but_not_missing() -> None:
    text = "At most 50 of each of the two cakes can be baked."
    span = at("At most 50", text=text)
    rows = [Constraint(name=n, expression=f"{n[0]} <= 50", evidence=span) for n in ("a_row", "b_row")]
    found = coverage.check(
        Formulation(
            text=text,
            variables=[Variable(name="a"), Variable(name="b")],
            objective=Objective(sense="maximize", expression="a + b"),
            constraints=rows,
        )
    )
    assert found.missing == []
    assert {item.text for item in found.several} == {"At most", "50"}
    assert found.several[0].users == ("constraint a_row", "constraint b_row")


def test_a_strictness_convention_is_no_second_user() -> None:
    text = "Taxis must exceed 20."
    found = coverage.check(
        Formulation(
            text=text,
            variables=[Variable(name="taxis", domain="integer")],
            objective=Objective(sense="minimize", expression="taxis"),
            constraints=[
                Constraint(name="c", expression="taxis > 20", evidence=at("must exceed 20", text=text))
            ],
            conventions=[
                Convention(
                    kind="strictness",
                    targets=["c"],
                    reading=">",
                    alternative=">=",
                    evidence=at("must exceed", text=text),
                )
            ],
        )
    )
    assert found.missing == []
    assert found.several == []


@pytest.mark.parametrize(
    ("text", "number", "reason"),
    [
        ("Choose channels: (1) radio and (2) television.", "2", "entry of a list"),
        ("Goods pass a third factory.", "third", "ordinal"),
        ("A 2-piece suit sells well.", "2", "part of a name"),
        ("A double-decker bus drives.", "double", "part of a name"),
        ("They sell one ad for ten dollars.", "one", "one of something"),
        ("Money is bound for a 12-month commitment.", "12", "whole period"),
        ("In 2021 the price fell.", "2021", "a date"),
        ("David mixes three kinds of juice.", "three", "kinds"),
        ("You have two instant coffees.", "two", "introduces"),
        ("She fishes at lake 1 or lake 2.", "2", "part of a name"),
        ("There are two models available.", "two", "kinds"),
        ("Of 9 funds he set the following three limits.", "three", "a list"),
        ("Both are greater than or equal to 0.", "0", "not negative"),
    ],
)
def test_numbers_that_are_no_data(text: str, number: str, reason: str) -> None:
    base = Formulation(
        text=text, variables=[Variable(name="x")], objective=Objective(sense="minimize", expression="x")
    )
    found = items(base)
    assert reason in (found[number].reason or "")


def test_the_first_sentence_may_count_the_decisions() -> None:
    text = "A man takes two supplements. One costs $3. A pie takes two eggs."
    base = Formulation(
        text=text,
        variables=[Variable(name="x"), Variable(name="y")],
        objective=Objective(sense="minimize", expression="3*x + y", evidence=at("$3", text=text)),
    )
    first, *_, last = (item for item in coverage.check(base).items if item.text == "two")
    assert first.reason == "introduces the things that the problem is about"
    assert last.is_missing


@pytest.mark.parametrize(
    "text", ["Find the maximum number of cakes.", "Do it at a minimum cost.", "What is the maximum profit?"]
)
def test_objectives_are_no_comparisons(text: str) -> None:
    base = Formulation(
        text=text, variables=[Variable(name="x")], objective=Objective(sense="minimize", expression="x")
    )
    assert coverage.check(base).items == ()


@pytest.mark.parametrize(
    "text",
    [
        "Each cake takes two hours of work.",
        "There must be at least two cakes.",
        "Each suit needs 2 yards of cloth.",
        "Up to three trucks can be used.",
        "A farmer has 30 cows.",
        "The mix must hold a third of water.",
        "At least one van must go.",
        "A cake costs $1.",
        "A loaf holds 5g of salt.",
        "A pie takes 1 hour and a cake takes 2 hours.",
        "There are only two trucks available.",
    ],
)
def test_data_get_no_automatic_reason(text: str) -> None:
    base = Formulation(
        text=text, variables=[Variable(name="x")], objective=Objective(sense="minimize", expression="x")
    )
    assert len(coverage.check(base).missing) == 1


@pytest.mark.parametrize(
    "phrase",
    [
        "at least 5", "at most 5", "no more than 5", "not more than 5", "must exceed 5", "cannot exceed 5",
        "up to 5", "a minimum of 5", "a maximum of 5", "are limited to 5", "fewer than 5", "5 or more",
        "a limit of 5", "must not be greater than 5",
    ],
)  # fmt: skip
def test_comparison_phrases_are_found_with_their_number(phrase: str) -> None:
    text = f"The taxis used {phrase}."
    rows = [Constraint(name="c", expression="x <= 5", evidence=at("5", text=text))]
    base = Formulation(
        text=text, variables=[Variable(name="x")], objective=Objective(sense="minimize", expression="x")
    )
    kinds = [item.kind for item in coverage.check(base).items]
    assert sorted(kinds) == ["comparison", "number"]
    assert len(coverage.check(base).missing) == 1
    assert coverage.check(base.model_copy(update={"constraints": rows})).missing == []


def test_a_comparison_of_two_amounts_needs_a_row_that_marks_it() -> None:
    text = "There must be more vans than taxis."
    base = Formulation(
        text=text,
        variables=[Variable(name="vans", evidence=at("vans", text=text)), Variable(name="taxis")],
        objective=Objective(sense="minimize", expression="vans"),
    )
    assert len(coverage.check(base).missing) == 1
    row = Constraint(name="c", expression="vans > taxis", evidence=at("more vans than taxis", text=text))
    assert coverage.check(base.model_copy(update={"constraints": [row]})).missing == []
    reason = "Since there are more vans than taxis, hurry."
    assert coverage.check(base.model_copy(update={"text": reason})).missing == []


def test_no_text_no_items() -> None:
    objective = Objective(sense="minimize", expression="x")
    empty = Formulation(variables=[Variable(name="x")], objective=objective)
    assert coverage.check(empty) == coverage.Coverage(())


WORDS = (
    "at least|no more than|exceed|1,200|$|15 %|half|a third|twice|dozen|one hundred and|(|)|1.|/|.|,|-|\n|"
    "more|vans|than|0|or more|available|up to|2nd|٣|²|½|１|n't|minimum of|e9|1e400"
)
PIECES = st.sampled_from(WORDS.split("|"))


@settings(deadline=None, max_examples=200)
@given(st.lists(PIECES | st.text(max_size=8), max_size=30), st.randoms(use_true_random=False))
def test_never_raises_and_offsets_hold(pieces: list[str], chance: random.Random) -> None:
    text = " ".join(pieces)
    spans = [tuple(sorted((chance.randint(0, len(text)), chance.randint(0, len(text))))) for _ in range(3)]
    evidence = [Evidence(start=a, end=b) for a, b in spans]
    found = coverage.check(
        Formulation(
            text=text,
            variables=[Variable(name="x", label=pieces[0][:200] if pieces else "", evidence=evidence[:1])],
            objective=Objective(sense="minimize", expression="3*x", evidence=evidence[1:2]),
            constraints=[Constraint(name="c", expression="x >= 1/2", evidence=evidence[2:])],
        )
    )
    for item in found.items:
        assert text[item.start : item.end] == item.text
        assert not (item.element and item.reason)
    assert bool(found.missing) == any(item.is_missing for item in found.items)


@pytest.mark.parametrize("unit", ["at least 15 % of two cakes ", "not ", "1 ", "more a b c ", "minimum "])
def test_long_texts_take_linear_time(unit: str) -> None:
    def seconds(length: int) -> float:
        text = unit * (length // len(unit))
        base = Formulation(
            text=text, variables=[Variable(name="x")], objective=Objective(sense="minimize", expression="x")
        )
        started = time.perf_counter()
        assert len(coverage.check(base).missing) <= coverage.MESSAGES + 1
        return time.perf_counter() - started

    # Quadratic work would take 64 times as long.
    assert seconds(80_000) < 30 * max(seconds(10_000), 0.01)
