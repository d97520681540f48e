"""Documents made to break the checker end in CertificateRejected or InvalidInput, quickly."""

from __future__ import annotations

import copy
import importlib
import random
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quod import certificates, errors
from quod.certificates import budget

sys.path.append(str(Path(__file__).parent))
examples = importlib.import_module("certificate_examples")
CASES = examples.CASES

SCALARS = [
    None, True, False, 0, -1, 1, 2**63, 10**5000, 0.5, float("nan"), float("inf"), "", "x", "y", "r0",
    "0", "1/0", "1e999", "-5/6", "nan", "I", "\ud800", "x[Ulm]", "sum", "lambda: 0", "1e-999", "9 ** 999",
    "log(x)", 10**400, "x" * 5000, [], {}, [[]], [None], {"x": None}, {"": "1"}, {1: 2}, {"bound": {}},
    ("a", "b"), {"branch": {}}, b"x", object(), {"x": {"x": "x"}},
]  # fmt: skip


def places(document, path=()):
    """Every path into a document."""
    yield path
    if isinstance(document, dict | list):
        for key, value in document.items() if isinstance(document, dict) else enumerate(document):
            yield from places(value, (*path, key))


def mutated(document, draw):
    """One place replaced, removed, renamed, doubled or exchanged for another place's content."""
    result = copy.deepcopy(document)
    spots = [path for path in places(result) if path]
    *path, key = draw.choice(spots)
    part = result
    for step in path:
        part = part[step]
    kind = draw.randrange(4)
    if kind == 0:
        part[key] = draw.choice(SCALARS)
    elif kind == 1:
        del part[key]
    elif kind == 2:
        source = result
        for step in draw.choice(spots):
            source = source[step]
        part[key] = copy.deepcopy(source)
    elif isinstance(part, dict):
        part[draw.choice(["x", "name", "q", 7])] = part.pop(key)
    else:
        part.insert(0, part[key])
    return result


def decided(document):
    """Whether the document was accepted; any exception but the two documented ones escapes."""
    try:
        certificates.check(document)
    except (errors.CertificateRejected, errors.InvalidInput):
        return False
    return True


@pytest.mark.parametrize("name", CASES)
def test_mutations_never_raise_anything_else(name):
    draw = random.Random(name)
    answer = {"objective": CASES[name]["claim"].get("objective"), "values": {}}
    wrapped = examples.result(CASES[name], answer=answer)
    for _ in range(150):
        decided(mutated(mutated(CASES[name], draw), draw))
        decided(mutated(CASES[name], draw))
        decided(mutated(wrapped, draw))


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
PARTS = [
    "kind",
    "strength",
    "claim",
    "formulation",
    "evidence",
    "covers",
    "does_not_cover",
    "status",
    "answer",
]


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(sorted(CASES)), st.sampled_from(PARTS), json)
def test_any_json_in_any_part_is_rejected_or_accepted(name, part, value):
    decided({**CASES[name], part: value})


@settings(deadline=None, max_examples=300)
@given(st.text(alphabet="xy01. +-*/()[],<>='\"#\\\nforinIsumabsmx{}:@;é", max_size=40))
def test_any_text_in_an_expression_is_rejected_or_accepted(text):
    document = copy.deepcopy(CASES["indexed sums"])
    document["formulation"]["objective"]["expression"] = text
    assert not decided(document) or text.strip()
    document = copy.deepcopy(CASES["indexed sums"])
    document["formulation"]["constraints"][0]["for_each"] = text
    decided(document)


DEEP = 100_000
HOSTILE = {
    "parentheses": "(" * DEEP + "x" + ")" * DEEP,
    "few parentheses": "(" * 250 + "x" + ")" * 250,
    "signs": "-" * DEEP + "x",
    "indices": "x" + "[0]" * DEEP,
    "powers": "2 ** " * DEEP + "2",
    "tower": "9 ** 9 ** 9 ** 9",
    "large power": "9 ** 1000000000",
    "repeated power": "(((9 ** 1000) ** 1000) ** 1000)",
    "product": " * ".join(["1e999"] * 5000),
    "nested sums": "sum(" * 500 + "x" + " for i in I)" * 500,
    "explosion": "sum(x for a in I for b in I for c in I for d in I for e in I for f in I for g in I)",
    "many loops": "sum(x " + " ".join(f"for i{k} in I" for k in range(500)) + ")",
    "long": "x + " * 300_000 + "x",
    "call": "__import__('os').system('true')",
    "attribute": "x.__class__",
    "subscript": "(1)[0]",
    "comprehension": "[x for i in I]",
    "lambda": "(lambda: 1)()",
    "walrus": "(y := 3)",
    "f-string": "f'{x}'",
    "comment": "x # + y",
    "line": "x\\\n+ y",
    "full width": "\uff58",  # Python reads it as x
    "underscores": "1_000",
    "hexadecimal": "0x10",
    "imaginary": "2j * x",
    "joined texts": 'c["a" "b"]',
    "boolean": "True * x",
    "conditional": "x if 1 < 2 else 0",
    "starred": "max(*I)",
    "keyword": "max(x, key=abs)",
    "empty call": "sum()",
    "modulo": "5 % 3",
    "floor": "x // 2",
    "shift": "(x << 2)",
    "zero": "x / (1 - 1)",
    "nothing": "max(x for i in I if 1 == 2)",
    "text": '"a"',
    "set": "I",
    "len": "len(x)",
    "comparison": "sum(x for i in I if 1 < 2 < 3)",
    "bare condition": "sum(x for i in I if i)",
    "variable in a condition": "sum(1 for i in I if x > 0)",
    "texts and numbers": "sum(1 for i in T if i < 3)",
    "async": "sum(x async for i in I)",
    "hidden function": "sum(x for sum in I)",
    "fraction as index": "y[1 / 2]",
    "variable as index": "y[x]",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_expressions_are_rejected_quickly(name, monkeypatch):
    formulation = examples.model(
        ["x", {"name": "y", "index": ["I"]}],
        "minimize",
        HOSTILE[name],
        sets=[{"name": "I", "elements": list(range(40))}, {"name": "T", "elements": ["a", "b"]}],
        parameters=[{"name": "c", "index": ["T"], "default": 1}],
    )
    document = examples.optimum(formulation, "0", {}, [examples.bound()])
    monkeypatch.setattr(budget, "MAX_STEPS", 100_000)
    started = time.process_time()
    assert not decided(document)
    assert time.process_time() - started < 20


def big(name, formulation):
    return {name: examples.optimum(formulation, "0", {}, [examples.bound()])}


THOUSAND = [{"name": "I", "elements": list(range(1000))}]
LARGE = {
    **big("columns", examples.model([{"name": "x", "index": ["I"] * 6}], "minimize", "0", sets=THOUSAND)),
    **big("index", examples.model([{"name": "x", "index": ["I"] * 5000}], "minimize", "0", sets=THOUSAND)),
    **big(
        "values",
        examples.model(
            "x",
            "minimize",
            "0",
            sets=THOUSAND,
            parameters=[{"name": "p", "index": ["I"] * 6, "values": [[]]}],
        ),
    ),
    **big(
        "rows",
        examples.model("x", "minimize", "x", sets=THOUSAND)
        | {
            "constraints": [{"name": "r", "for_each": "i in I for j in I for k in I", "expression": "x >= i"}]
        },
    ),
    **big("coefficient", examples.model("x", "minimize", f"x * {' * '.join(['1e999'] * 90)}")),
    **big("constant", examples.model("x", "minimize", f"1 * {' * '.join(['1e999'] * 90)}")),
}


@pytest.mark.parametrize("name", LARGE)
def test_small_documents_of_large_models_are_rejected_before_memory_is_eaten(name, monkeypatch):
    monkeypatch.setattr(budget, "MAX_STEPS", 100_000)
    assert not decided(LARGE[name])


def test_values_that_are_not_listed_cost_nothing():
    parameter = {"name": "p", "index": ["I"] * 6, "default": 2}
    formulation = examples.model(
        "x", "minimize", "p[0, 1, 2, 3, 4, 5] * x", sets=THOUSAND, parameters=[parameter]
    )
    certificates.check(examples.optimum(formulation, "0", {}, [examples.bound()]))


def test_numbers_of_evidence_cannot_grow_without_limit():
    rows = tuple(f"x <= {k}" for k in range(400))
    tree = [examples.bound(**{f"r{k}": f"-1/{10**3900 + 2 * k + 1}" for k in range(400)})]
    document = examples.optimum(examples.model("x", "maximize", "0", rows), "0", {}, tree)
    with pytest.raises(errors.CertificateRejected, match="more than 200000 bits"):
        certificates.check(document)
