from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import pytest

from quod.agents import granularity
from quod.bench.algorithms import base, counting, execution, rag, retrieval, sorting, texts
from quod.models import parametric

NEVER = parametric.ErrorRate(scale=1e12)
ALWAYS = parametric.ErrorRate(floor=1.0)
INSTANT = parametric.Timing(base=0, per_input=0, per_output=0)
PERFECT: dict[str, Callable[[], base.Algorithm]] = {
    "counting": lambda: counting.Counting(NEVER),
    "sorting": lambda: sorting.Sorting(NEVER),
    "sorting_merged_by_model": lambda: sorting.SortingMergedByModel(NEVER, merge_error=NEVER),
    "retrieval": lambda: retrieval.Retrieval(NEVER, invented=0),
    "rag": lambda: rag.Rag(NEVER, final_error=NEVER),
}
BROKEN: dict[str, Callable[[], base.Algorithm]] = {
    "counting": lambda: counting.Counting(parametric.ErrorRate(floor=0.3)),
    "sorting": lambda: sorting.Sorting(ALWAYS),
    "sorting_merged_by_model": lambda: sorting.SortingMergedByModel(ALWAYS, merge_error=NEVER),
    "retrieval": lambda: retrieval.Retrieval(ALWAYS, invented=1),
    "rag": lambda: rag.Rag(ALWAYS, final_error=NEVER),
}
SIZES = {
    "counting": (90, 20),
    "sorting": (60, 7),
    "sorting_merged_by_model": (60, 7),
    "retrieval": (2000, 301),
    "rag": (3000, 400),
}


def _run(algorithm: base.Algorithm, seed: int = 0, *, p: int = 3) -> execution.Trial:
    n, m = SIZES[algorithm.name]
    model = parametric.ParametricModel(algorithm.skills(), timing=INSTANT, seed=seed)
    instance = algorithm.generate(n, random.Random(seed))
    return asyncio.run(execution.run(algorithm, instance, model, n=n, m=m, p=p))


@pytest.mark.parametrize("name", PERFECT)
def test_a_perfect_model_makes_no_error(name: str) -> None:
    for seed in range(6):
        trial = _run(PERFECT[name](), seed)
        assert trial.scores["error"] == 0
        assert all(call.right for call in trial.calls if call.role == "sub")
        assert all(call.usable for call in trial.calls)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_model_makes_errors(name: str) -> None:
    trials = [_run(BROKEN[name](), seed) for seed in range(6)]
    assert all((trial.scores["error"] or 0) > 0 for trial in trials)
    assert not any(call.right for call in trials[0].calls if call.role == "sub") or name == "rag"


@pytest.mark.parametrize("name", PERFECT)
def test_inputs_have_the_size_asked_for_and_depend_on_the_seed_only(name: str) -> None:
    algorithm = PERFECT[name]()
    n, m = SIZES[name]
    instance = algorithm.generate(n, random.Random(5))
    assert len(getattr(instance, "text", None) or instance.numbers) == n
    assert instance == algorithm.generate(n, random.Random(5))
    assert instance != algorithm.generate(n, random.Random(6))
    whole = algorithm.ask(instance, 0, n).messages[0]["content"]
    parts = [algorithm.ask(instance, *piece).messages[0]["content"] for piece in granularity.pieces(n, m)]
    assert all(len(part) < len(whole) for part in parts)


def test_counting_scores_the_distance_over_the_length() -> None:
    task = counting.Counting()
    instance = counting.Instance("a1b2c3d4e5", 5)
    assert task.merge(instance, [2, None, 1]) == 3
    assert task.score(instance, 3) == {"error": 0.2, "exact_match": 0.0}
    assert task.score(instance, 10**9)["error"] == 1.0


def test_sorting_scores_order_length_and_distance() -> None:
    task = sorting.Sorting()
    instance = sorting.Instance((999, 0, 500, 0))
    assert task.merge(instance, [[0, 999], None, [0, 500]]) == [0, 0, 500, 999]
    right = task.score(instance, [0, 0, 500, 999])
    assert (right["error"], right["exact_match"], right["length_mismatch"]) == (0, 1, 0)
    short = task.score(instance, [0, 500, 0])
    assert short["length_mismatch"] == 1
    assert short["length_difference"] == 0.25
    assert short["non_monotonicity"] == pytest.approx(500 / 999)
    assert short["error"] == pytest.approx((500 + 500 + 999) / 999 / 4)  # filled up to 0 500 0 0
    assert short["largest_error"] == 1
    assert task.score(instance, None)["exact_match"] == 0


def test_a_merge_by_the_model_can_spoil_sorted_pieces() -> None:
    trial = _run(sorting.SortingMergedByModel(NEVER, merge_error=ALWAYS))
    assert all(call.right for call in trial.calls if call.role == "sub")
    assert trial.scores["exact_match"] == 0
    assert [call.role for call in trial.calls] == ["sub"] * 9 + ["final"]


def test_retrieval_takes_the_majority_and_tells_misses_from_inventions() -> None:
    task = retrieval.Retrieval()
    there = retrieval.Instance("…", "red lamp", "123456")
    absent = retrieval.Instance("…", "red lamp", None)
    assert task.read("The code is 123456") == "123456"
    assert task.read("None.") == "none"
    assert task.read("I do not know") is None
    assert task.merge(there, ["none", "111111", "123456", None, "123456"]) == "123456"
    assert task.merge(there, ["none", None]) is None
    assert task.score(there, "123456") == {"error": 0, "exact_match": 1, "hallucination": None}
    assert task.score(there, None)["exact_match"] == 0
    assert task.score(absent, "123456") == {"error": 1, "exact_match": None, "hallucination": 1}
    assert task.score(absent, None)["error"] == 0


def test_rag_scores_wrong_and_missing_digits() -> None:
    task = rag.Rag(digits=4)
    instance = rag.Instance("…", "red lamp", "1234")
    assert task.merge(instance, [["a", "b"], None, ["b", "c"]]) == ["a", "b", "c"]
    assert task.score(instance, "1294") == {"error": 0.25, "exact_match": 0}
    assert task.score(instance, "12")["error"] == 0.5
    assert task.score(instance, None)["error"] == 1
    assert task.score(instance, "12345") == {"error": 0, "exact_match": 0}


def test_needles_are_whole_and_nothing_else_is_about_the_thing() -> None:
    task = retrieval.Retrieval(absent=0)
    instance = task.generate(3000, random.Random(3))
    sentence = f"The access code of the {instance.thing} is {instance.answer}."
    assert instance.text.count(sentence) == 1
    assert instance.text.count(instance.thing) == 1
    nothing = retrieval.Retrieval(absent=1).generate(3000, random.Random(3))
    assert nothing.thing not in nothing.text


def test_needles_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="2 sentences do not fit into 20 characters"):
        texts.haystack(20, ["One sentence.", "Another one."], lambda: "x", random.Random(0))
