from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from quod import errors, jobs, settings
from quod.agents import context, granularity
from quod.agents.tools import search_text
from quod.models import base, roles, scripted

NEEDLES = ["Each oven holds 12 loaves.", "The bakery has 3 ovens."]


def haystack(length: int) -> str:
    filler = "Nothing of note happened on that day in the village. "
    text = filler * (length // len(filler))
    third = len(text) // 3
    return f"{text[:third]} {NEEDLES[0]} {text[third : 2 * third]} {NEEDLES[1]} {text[2 * third :]}"


def reader(request: base.Request) -> str:
    """Copies what it is asked for, with other white space, and invents a sentence in every piece."""
    piece = json.loads(request.messages[1]["content"])["piece"]
    seen = [needle.replace(" ", "  ") for needle in NEEDLES if needle in piece]
    return json.dumps({"sentences": [*seen, "The bakery has 900 ovens."]})


def search(text: str, script: Any = reader, **overrides: Any) -> tuple[dict[str, Any], list[base.Request]]:
    chosen = settings.load(**overrides)
    model = scripted.ScriptedModel(script)
    around = context.Context(jobs.Job(input=text), chosen, roles.Models(chosen, overrides={"*": model}))
    return asyncio.run(search_text.search_text.function(around, "How many loaves?")), model.requests


def test_sentences_are_copied_in_order_and_never_invented() -> None:
    found, _ = search(haystack(8000))
    assert found["sentences"] == NEEDLES
    assert found["failed"] == 0


def test_the_pieces_have_the_size_that_is_advised() -> None:
    text = haystack(8000)
    found, requests = search(text, model_concurrency=4)
    advice = granularity.advise("rag", len(text), 4)
    assert (found["size"], found["pieces"]) == (advice.m, advice.pieces)
    assert len(requests) == advice.pieces
    assert max(len(json.loads(r.messages[1]["content"])["piece"]) for r in requests) == advice.m


def test_fits_of_the_model_in_use_are_taken(tmp_path: Path) -> None:
    fits = granularity.shipped().model_copy(deep=True)
    fits.tasks["rag"].m = (500, 500)
    path = tmp_path / "fits.json"
    path.write_text(fits.model_dump_json())
    found, _ = search(haystack(8000), fits=path)
    assert found["size"] == 500
    with pytest.raises(errors.Misconfigured, match="QUOD_FITS"):
        search(haystack(8000), fits=tmp_path / "missing.json")


def test_a_piece_that_cannot_be_read_is_counted_and_all_of_them_are_an_error() -> None:
    def half(request: base.Request) -> str:
        piece = json.loads(request.messages[1]["content"])["piece"]
        return reader(request) if NEEDLES[0] in piece else "I would rather not."

    found, _ = search(haystack(8000), half)
    assert found["sentences"] == NEEDLES[:1]
    assert 0 < found["failed"] < found["pieces"]
    with pytest.raises(errors.ToolFailed, match="no piece"):
        search(haystack(8000), lambda request: "no")


def test_a_short_text_is_one_piece() -> None:
    found, requests = search(f"{NEEDLES[1]} They bake.")
    assert (found["pieces"], len(requests)) == (1, 1)
    assert found["sentences"] == NEEDLES[1:]
