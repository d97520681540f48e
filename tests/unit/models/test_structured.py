from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any, Literal

import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quod import errors, jobs, testing
from quod.models import base, openai_model, structured

QUESTION = base.Request([{"role": "user", "content": "finish or replan?"}])


class Decision(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid")

    decision: Literal["finish", "replan"]
    reason: str = ""


def ask(replies: Any, **options: Any) -> tuple[structured.Answer[Decision], testing.ScriptedModel]:
    model = testing.ScriptedModel(replies)
    return asyncio.run(structured.ask(model, QUESTION, Decision, **options)), model


def test_a_fitting_reply_is_a_value() -> None:
    answer, model = ask(['{"decision": "finish"}'])
    assert answer.value == Decision(decision="finish")
    assert (answer.attempts, answer.usage.model_calls) == (1, 1)
    assert model.requests[0].schema == Decision.model_json_schema()


@pytest.mark.parametrize(
    ("first", "says"),
    [
        ('{"decision": "maybe"}', "decision: Input should be 'finish' or 'replan'"),
        ('{"decision": "finish", "decision": "replan"}', "stands twice"),
        ('{"decision": "finish", "by": "me"}', "by: Extra inputs"),
        ('{"decision": "fin', "not JSON"),
        ("I think we should finish.", "holds no JSON"),
        ("", "holds no JSON"),
        ('{"decision": NaN}', "NaN is no JSON number"),
        ('{"wrong": {"decision": "finish"}, ', "not JSON"),
        ("[" * 100_000, "nested too deeply|not JSON"),
        (base.Reply('{"decision": "finish"}', finish_reason="length"), "cut off"),
        (base.Reply("I will not", finish_reason="refusal"), "refused to answer: I will not"),
        (base.Reply("", finish_reason="content_filter"), "refused to answer"),
    ],
)
def test_what_does_not_fit_is_asked_once_more_in_words(first: Any, says: str) -> None:
    answer, model = ask([first, '{"decision": "replan", "reason": "more data"}'])
    assert answer.value.decision == "replan"
    assert answer.attempts == 2
    again = model.requests[1]
    assert again.schema is None
    assert [m["role"] for m in again.messages] == ["user", "assistant", "user"]
    correction = again.messages[-1]["content"]
    assert any(part in correction for part in says.split("|"))
    assert json.dumps(Decision.model_json_schema()) in correction
    assert len(again.messages[1]["content"]) <= structured.SHOWN


@pytest.mark.parametrize(
    "text",
    [
        '```json\n{"decision": "finish"}\n```',
        'Here it is:\n```\n{"decision": "finish"}\n```\nDone.',
        'As [1] says, {"decision": "finish"} is right.',
        '<think>Perhaps {"decision": "replan"}?</think>\n{"decision": "finish"}',
        '{"decision": "finish"}\n\n   ',
        '{"decision": "finish"} I hope that helps {you}.',
    ],
)
def test_words_thoughts_and_fences_around_the_document_do_no_harm(text: str) -> None:
    assert ask([text])[0].value.decision == "finish"


def test_a_check_may_complain_or_raise() -> None:
    def complain(found: Decision) -> list[str]:
        return [] if found.reason else ["reason: say why"]

    def refuse(found: Decision) -> list[str]:
        if not found.reason:
            raise errors.InvalidInput("say why", field="reason")
        return []

    for check in (complain, refuse):
        answer, model = ask(
            ['{"decision": "finish"}', '{"decision": "finish", "reason": "done"}'], check=check
        )
        assert answer.value.reason == "done"
        assert "reason: say why" in model.requests[1].messages[-1]["content"]


def test_two_wrong_replies_are_a_failure_that_tells_both_and_what_they_cost() -> None:
    wrong = [base.Reply(text, usage=jobs.Usage(model_calls=1, input_tokens=3)) for text in ("no", '{"a": 1}')]
    with pytest.raises(errors.ToolFailed) as caught:
        ask(wrong)
    assert isinstance(caught.value, structured.NoAnswer)
    assert len(caught.value.failures) == 2
    assert "reply 1: the reply holds no JSON" in str(caught.value)
    assert "reply 2: decision: Field required" in str(caught.value)
    assert structured.usage_of(caught.value) == jobs.Usage(model_calls=2, input_tokens=6)


def test_what_was_used_before_an_error_of_the_model_is_not_lost() -> None:
    first = base.Reply("no", usage=jobs.Usage(model_calls=1, input_tokens=3))
    with pytest.raises(errors.Unavailable) as caught:
        ask([first, errors.Unavailable("down")])
    assert structured.usage_of(caught.value).input_tokens == 3
    assert structured.usage_of(errors.Unavailable("down")) == jobs.Usage()


def test_any_type_can_be_asked_for() -> None:
    model = testing.ScriptedModel(["[1, 2.5]"])
    adapter = pydantic.TypeAdapter(list[float])
    assert asyncio.run(structured.ask(model, QUESTION, adapter)).value == [1.0, 2.5]


def test_over_http_the_second_call_has_no_grammar() -> None:
    script = [testing.Scripted("{" + " " * 500, finish_reason="length"), '{"decision": "finish"}']
    with testing.ScriptedServer(script) as server:
        model = openai_model.OpenAIModel(server.url, "m")
        answer = asyncio.run(structured.ask(model, QUESTION, Decision))
    assert answer.usage.model_calls == 2
    assert ["response_format" in request.json for request in server.requests] == [True, False]


documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
words = st.text(alphabet="abc .,:\n", max_size=20)


@settings(deadline=None)
@given(st.dictionaries(st.text(max_size=4), documents, min_size=1, max_size=3), words, words)
def test_a_document_is_found_among_words(document: dict[str, Any], before: str, after: str) -> None:
    assert structured.find_json(f"{before}{json.dumps(document)}{after}") == document


@settings(deadline=None)
@given(st.text(alphabet='{}[]",:1a \n`<>/think', max_size=60))
def test_no_text_crashes_the_search(text: str) -> None:
    with contextlib.suppress(ValueError):
        json.dumps(structured.find_json(text))
