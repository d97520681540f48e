from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from quod import errors, settings
from quod.agents import steps, tfidf
from quod.solvers import formulation, language

SHIPPED = steps.read(steps.SHIPPED)
DOMAINS = ("integer", "real", "binary")


def hens(**change: Any) -> steps.Step:
    fields: dict[str, Any] = {
        "kind": "sum",
        "problem": "A barn holds at most 120 birds.",
        "before": ["integer hens", "integer ducks"],
        "step": "hens + ducks <= 120",
        "words": "A barn holds at most 120 birds.",
    }
    return steps.Step(**{**fields, **change})


def model(step: steps.Step) -> formulation.Formulation:
    """The lines of a step and of what came before it, as a formulation."""
    document: dict[str, Any] = {"variables": [], "constraints": [], "objective": None}
    for line in [*step.before, step.step]:
        first, _, rest = line.partition(" ")
        if first in DOMAINS:
            document["variables"].append({"name": rest, "domain": first})
        elif first in ("minimize", "maximize"):
            document["objective"] = {"sense": first, "expression": rest}
        else:
            name = f"c{len(document['constraints'])}"
            document["constraints"].append({"name": name, "expression": line})
    document["objective"] = document["objective"] or {"sense": "minimize", "expression": "0"}
    return formulation.parse(document)


@pytest.mark.parametrize("step", SHIPPED, ids=lambda step: step.step)
def test_every_shipped_step_is_in_the_language_and_made_from_its_problem(step: steps.Step) -> None:
    language.check(model(step))
    assert step.words in step.problem


def test_the_shipped_store_has_the_kinds_of_word_problems() -> None:
    kinds = {step.kind for step in SHIPPED}
    wanted = {"sum", "upperbound", "lowerbound", "linear", "ratio", "xy", "xby", "strict", "integrality"}
    assert wanted | {"objective", "fixed cost", "balance", "implication"} <= kinds
    assert len(SHIPPED) >= 60
    assert len({(step.problem, step.step) for step in SHIPPED}) == len(SHIPPED)
    assert all(("<" in s.step or ">" in s.step) and "=" not in s.step for s in SHIPPED if s.kind == "strict")


def test_each_shipped_step_finds_a_step_of_the_same_form() -> None:
    store = steps.StepStore(SHIPPED)
    for step in SHIPPED:
        match = store.query(step.key, threshold=0.99)
        assert match is not None
        assert match.score == pytest.approx(1)
        assert tfidf.masked(match.step.key) == tfidf.masked(step.key)


def test_a_first_try_finds_the_step_that_does_the_same() -> None:
    store = steps.StepStore(SHIPPED)
    tried = steps.first_try("At least 15% of the paint must be blue paint.", "blue >= 15")
    match = store.query(tried, threshold=0.5)
    assert match is not None
    assert match.step.kind == "ratio"


def test_the_threshold_decides_and_one_finds_nothing() -> None:
    store = steps.StepStore([hens()])
    tried = steps.first_try("A bag holds at most 9 kg.", "corn + rye <= 9")
    found = store.query(tried, threshold=0)
    assert found is not None
    assert 0.3 < found.score < 1
    assert store.query(tried, threshold=found.score) == found
    assert store.query(tried, threshold=found.score + 0.001) is None
    assert store.query(hens().key, threshold=1) is None
    assert store.query("\N{SNOWMAN}", threshold=0) is None
    assert steps.StepStore().query(tried, threshold=0) is None


def test_equal_steps_are_found_in_the_order_of_the_store_and_added_ones_at_once() -> None:
    first, second = hens(problem="one"), hens(problem="two")
    store = steps.StepStore([first, second])
    match = store.query(first.key, threshold=0.5)
    assert match is not None
    assert match.step is first
    bound = hens(kind="lowerbound", words="At least 7 geese are kept.", step="geese >= 7")
    store.add(bound)
    match = store.query(bound.key, threshold=0.9)
    assert match is not None
    assert match.step is bound
    assert list(store.steps) == [first, second, bound]


def test_another_retriever_goes_in_one_place() -> None:
    class Last:
        def fit(self, texts: Sequence[str]) -> None:
            self.count = len(texts)

        def nearest(self, query: str) -> tuple[int, float] | None:
            return self.count - 1, 0.75

    store = steps.StepStore([hens(), hens(kind="other")], retriever=Last())
    match = store.query("whatever", threshold=0.7)
    assert match is not None
    assert (match.step.kind, match.score) == ("other", 0.75)


def test_an_example_shows_the_problem_up_to_the_key_step() -> None:
    assert hens().shown() == (
        "Problem: A barn holds at most 120 birds.\ninteger hens\ninteger ducks\n"
        'Key Step (sum): "A barn holds at most 120 birds." becomes hens + ducks <= 120'
    )
    assert hens(words="", kind="tactic", step="ring").shown().endswith("\nKey Step (tactic): ring")


def test_what_is_saved_or_appended_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "new" / "steps.jsonl"
    odd = hens(words='“1”\u2028"\\ \n', problem="ä")
    steps.StepStore([hens(), odd]).save(path)
    assert steps.read(path) == [hens(), odd]
    steps.append(path, [hens(kind="third")])
    assert steps.read(path) == [hens(), odd, hens(kind="third")]
    steps.StepStore.load(path, path).save(path)
    assert len(steps.read(path)) == 6
    assert sorted(p.name for p in path.parent.iterdir()) == ["steps.jsonl", "steps.jsonl.lock"]


BAD = [
    ("{", "not a JSON object"),
    ("[]", "valid"),
    ('{"kind": "sum", "kind": "xy"}', "stands twice"),
    (json.dumps({**hens().model_dump(), "extra": 1}), "extra: "),
    (json.dumps({**hens().model_dump(), "step": ""}), "step: "),
    (json.dumps({**hens().model_dump(), "before": [1]}), "before.0: "),
    ("[" * 100_000, "nested too deeply"),
]


@pytest.mark.parametrize(("line", "message"), BAD, ids=lambda value: str(value)[:20])
def test_a_wrong_line_is_named(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "steps.jsonl"
    path.write_text(hens().model_dump_json() + "\n\n" + line)
    with pytest.raises(errors.InvalidInput, match=message) as caught:
        steps.StepStore.load(path)
    assert f"{path}:3: " in str(caught.value)


def test_nothing_is_appended_to_a_torn_file(tmp_path: Path) -> None:
    path = tmp_path / "steps.jsonl"
    path.write_text(hens().model_dump_json())
    steps.append(path, [hens()])
    assert len(steps.read(path)) == 2
    torn = path.read_text() + '{"kind": "su'
    path.write_text(torn)
    with pytest.raises(errors.InvalidInput, match=r"steps\.jsonl:3"):
        steps.append(path, [hens()])
    assert path.read_text() == torn


def test_no_step_is_lost_when_several_processes_append(tmp_path: Path) -> None:
    path = tmp_path / "steps.jsonl"
    program = (
        "import sys; from quod.agents import steps\n"
        "for i in range(25):\n"
        "    step = steps.Step(kind=f'{sys.argv[2]}-{i}', problem='p', step='x')\n"
        "    steps.append(sys.argv[1], [step])\n"
    )
    writers = [subprocess.Popen([sys.executable, "-c", program, str(path), str(w)]) for w in range(3)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    assert sorted(step.kind for step in steps.read(path)) == sorted(
        f"{w}-{i}" for w in range(3) for i in range(25)
    )


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(errors.InvalidInput, match="cannot write"):
        steps.append(tmp_path / "file" / "steps.jsonl", [hens()])


def test_the_steps_of_the_settings_are_used_before_those_of_quod(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    mine = SHIPPED[0].model_copy(update={"problem": "mine"})
    steps.append(path, [mine])
    ask = steps.examples_for(settings.load(examples=path))
    assert list(ask(mine.key)) == [mine.shown()]
    assert list(ask("nothing -> like it")) == []
    assert list(steps.examples_for(settings.load())(mine.key)) == [SHIPPED[0].shown()]
    assert list(steps.examples_for(settings.load(example_threshold=1))(mine.key)) == []


def test_a_setting_that_names_no_store_is_the_operators_fault(tmp_path: Path) -> None:
    with pytest.raises(errors.Misconfigured, match="QUOD_EXAMPLES") as caught:
        steps.examples_for(settings.load(examples=tmp_path / "none.jsonl"))
    assert caught.value.setting == "examples"
