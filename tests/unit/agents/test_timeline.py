from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quod import errors
from quod.agents import timeline

SVG = "{http://www.w3.org/2000/svg}"


def task(name: str, start: float, end: float, inputs: str = "", **fields: Any) -> dict[str, Any]:
    times = {"start": start, "end": end, "seconds": end - start}
    return {"task": name, "tool": "solve", "outcome": "ok", "inputs": inputs.split(), **times, **fields}


def draw(*trace: dict[str, Any], **fields: Any) -> ElementTree.Element:
    return ElementTree.fromstring(timeline.svg({"trace": list(trace), **fields}))


def bars(root: ElementTree.Element) -> dict[str, ElementTree.Element]:
    """The bar of each task, by the label before it."""
    found = {}
    for group in root.iter(f"{SVG}g"):
        label, rect = group.find(f"{SVG}text"), group.find(f"{SVG}rect")
        assert label is not None
        assert rect is not None
        found[label.text or ""] = rect
    return found


def texts(root: ElementTree.Element) -> list[str]:
    return [element.text or "" for element in root.iter(f"{SVG}text")]


def number(element: ElementTree.Element, name: str) -> float:
    return float(element.attrib[name])


def test_each_task_is_a_bar_at_its_time() -> None:
    found = bars(draw(task("1", 0, 2), task("2", 2, 3, "1"), task("3", 1, 2)))
    assert list(found) == ["1 solve", "3 solve", "2 solve"]
    first, second, third = found["1 solve"], found["2 solve"], found["3 solve"]
    assert number(first, "width") == pytest.approx(2 * number(second, "width"), abs=0.2)
    assert number(second, "x") == pytest.approx(number(first, "x") + number(first, "width"), abs=0.2)
    assert number(third, "x") == pytest.approx(number(first, "x") + number(first, "width") / 2, abs=0.2)
    assert number(first, "y") < number(third, "y") < number(second, "y")


def test_outcomes_and_the_critical_path_have_their_colours() -> None:
    root = draw(
        task("1", 0, 2), task("2", 0, 1, outcome="error"), task("3", 1, 1, "2", outcome="skipped"),
        task("4", 2, 3, "1 2"),
    )  # fmt: skip
    assert {name: rect.attrib["class"] for name, rect in bars(root).items()} == {
        "1 solve": "ok on",
        "2 solve": "error",
        "3 solve": "skipped",
        "4 solve": "ok on",
    }
    lines = [path.attrib["class"] for path in root.iter(f"{SVG}path") if "need" in path.attrib["class"]]
    assert sorted(lines) == ["need", "need", "need on"]
    assert {"2 s", "1 s ✕", "skipped", "1 s"} <= set(texts(root))
    assert any("critical path: 2 tasks, 3 s of work" in text for text in texts(root))


def test_rounds_stand_apart_with_the_reason_of_the_decision() -> None:
    rounds = [{"number": 1, "tasks": [], "decision": "replan", "reason": "task 1 <failed>"}]
    root = draw(task("1", 0, 1, outcome="error"), task("2", 2, 3, round=2), rounds=rounds)
    assert "round 1, then replan: task 1 <failed>" in texts(root)
    assert "round 2" in texts(root)
    found = bars(root)
    assert number(found["2 solve"], "y") - number(found["1 solve"], "y") > 40
    assert not any(text.startswith("round") for text in texts(draw(task("1", 0, 1))))


def test_hovering_tells_everything() -> None:
    root = draw(task("1", 0, 1), task("2", 1, 1.5, "1", detail="ToolFailed:\nexit <1>", outcome="error"))
    titles = [title.text for title in root.iter(f"{SVG}title")]
    assert titles == [
        "1 solve: ok\n0 s to 1 s, 1 s\non the critical path",
        "2 solve: error\n1 s to 1.5 s, 500 ms\nneeds 1\non the critical path\nToolFailed: exit <1>",
    ]


HOSTILE = "</title><script>alert(1)</script>\"'&\x00\x1b[2J\ud800\u202e"


def test_names_and_details_cannot_become_markup() -> None:
    drawn = timeline.svg({"trace": [task(HOSTILE, 0, 1, tool=HOSTILE, detail=HOSTILE * 50)], "id": HOSTILE})
    root = ElementTree.fromstring(drawn)
    assert {element.tag.removeprefix(SVG) for element in root.iter()} == {
        *["svg", "style", "rect", "path", "text", "g", "title"]
    }
    assert not re.search("[\x00\x1b\u202e]", drawn)
    drawn.encode()


@given(st.lists(st.tuples(st.text(), st.text(), st.floats(0, 4e9), st.floats(0, 4e9), st.text()), max_size=4))
def test_any_trace_gives_a_document(items: list[tuple[str, str, float, float, str]]) -> None:
    trace = [task(name, a, a + b, tool=tool, detail=detail) for name, tool, a, b, detail in items]
    root = draw(*trace)
    assert len(bars(root)) <= len(trace)
    assert len(list(root.iter(f"{SVG}g"))) == len(trace)
    assert len(texts(root)) < 60
    for rect in root.iter(f"{SVG}rect"):
        assert number(rect, "width") > 0


@pytest.mark.parametrize("count", [1, 12, 500])
def test_labels_of_few_and_of_many_tasks_do_not_overlap_and_stay_inside(count: int) -> None:
    names = [str(i) for i in range(count)]
    root = draw(*(task(n, i, i + 1, " ".join(names[i - 1 : i]), tool="t" * 99) for i, n in enumerate(names)))
    tops = [number(rect, "y") for rect in bars(root).values()]
    assert len(tops) == count
    assert min((b - a for a, b in itertools.pairwise(tops)), default=99) >= 18
    for group in root.iter(f"{SVG}g"):
        name, took = group.findall(f"{SVG}text")
        assert number(name, "x") - timeline.letters(name.text or "") * 7 > 0
        assert number(took, "x") + timeline.letters(took.text or "") * 7 < 1000
    assert max(tops) < number(root, "height")


def test_a_result_without_tasks_or_times_is_drawn() -> None:
    assert "0 tasks · 0 s" in texts(draw())
    old = {"task": "1", "tool": "solve", "outcome": "ok", "seconds": 2}
    assert any("no times in the result" in text for text in texts(draw(old)))


def test_a_field_that_is_wrong_is_named() -> None:
    with pytest.raises(errors.InvalidInput, match=r"^trace\.0\.end: "):
        draw(task("1", 2, 1, seconds=1))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        *[(0, "0 s"), (0.0000001, "0.001 ms"), (0.0025, "2.5 ms"), (0.35, "350 ms"), (1.254, "1.25 s")],
        *[(99.99, "100 s"), (99.999, "1 min 40 s"), (185, "3 min 5 s"), (3600, "1 h"), (7800, "2 h 10 min")],
    ],
)
def test_durations_are_in_the_unit_people_use(seconds: float, text: str) -> None:
    assert timeline.duration(seconds) == text


@given(st.floats(1e-6, 1e8))
def test_an_axis_has_a_handful_of_marks(span: float) -> None:
    assert 2 <= span / timeline.tick(span) <= 10.001


@given(st.text(), st.integers(1, 30))
def test_short_texts_are_short_lines(text: str, most: int) -> None:
    line = timeline.short(text, most)
    assert len(line) <= most
    assert len(line.splitlines()) <= 1
    if len(text) <= most and text.isascii() and text.isalnum():
        assert line == text
