from __future__ import annotations

import pytest

from quod import errors
from quod.solvers import conventions
from quod.solvers.formulation import Constraint, Convention, Evidence, Formulation, Objective, Variable

TEXT = "Corn must exceed 20 % of all acres."


def model(*chosen: Convention, **changes: object) -> Formulation:
    parts: dict[str, object] = {
        "text": TEXT,
        "variables": [
            Variable(name="corn", label="acres of corn", domain="integer"),
            Variable(name="wheat", label="acres of wheat", domain="integer", upper="9"),
            Variable(name="open", domain="binary"),
        ],
        "objective": Objective(sense="maximize", expression="3*corn + wheat - open"),
        "constraints": [
            Constraint(name="share", expression="corn > 0.2*(corn + wheat)"),
            Constraint(name="land", expression="sum(corn for i in I if i < 2) + wheat <= 30"),
        ],
        "sets": [{"name": "I", "elements": [1, 2]}],
        "conventions": list(chosen),
    }
    return Formulation(**{**parts, **changes})  # type: ignore[arg-type]


WHOLE = Convention(kind="integrality", targets=["corn", "wheat"], reading="integer", alternative="real")
STRICT = Convention(
    kind="strictness",
    targets=["share"],
    reading=">",
    alternative=">=",
    evidence=[Evidence(start=TEXT.index("must"), end=TEXT.index(" 20"))],
)
SHARE = Convention(
    kind="percentage",
    targets=["share"],
    reading="corn > 0.2*(corn + wheat)",
    alternative="corn > 0.2*30",
)


def test_integrality_changes_the_domain_of_its_targets_only() -> None:
    (other,) = conventions.alternatives(model(WHOLE))
    domains = {v.name: v.domain for v in other.formulation.variables}
    assert domains == {"corn": "real", "wheat": "real", "open": "binary"}
    assert other.formulation.conventions[0].reading == "real"
    words = other.describe("29950", "30000")
    assert words == "29950 if acres of corn and acres of wheat are whole, 30000 if divisible"
    (back,) = conventions.alternatives(other.formulation)
    assert back.formulation == model(WHOLE)
    assert back.describe("30000", "29950").endswith("are divisible, 29950 if whole")


def test_many_labels_are_counted() -> None:
    names = [f"x{k}" for k in range(6)]
    convention = Convention(kind="integrality", targets=names, reading="real", alternative="integer")
    many = Formulation(
        variables=[Variable(name=name) for name in names],
        objective=Objective(sense="minimize", expression="x0"),
        conventions=[convention],
    )
    (other,) = conventions.alternatives(many)
    assert other.describe("1", "2") == "1 if x0, x1, x2 and 3 more are divisible, 2 if whole"


def test_strictness_changes_the_comparison_and_not_a_condition() -> None:
    (other,) = conventions.alternatives(model(STRICT))
    assert other.formulation.constraints[0].expression == "corn >= 0.2*(corn + wheat)"
    assert other.formulation.constraints[1] == model().constraints[1]
    assert other.describe("7", "8") == "7 if 'must exceed' excludes equality, 8 if it allows equality"
    loose = Convention(kind="strictness", targets=["land"], reading="<=", alternative="<")
    (other,) = conventions.alternatives(model(loose))
    assert other.formulation.constraints[1].expression == "sum(corn for i in I if i < 2) + wheat < 30"
    assert other.describe("7", "8") == "7 if land allows equality, 8 if it excludes equality"


def test_percentage_changes_the_expression() -> None:
    (other,) = conventions.alternatives(model(SHARE))
    assert other.formulation.constraints[0].expression == "corn > 0.2*30"
    assert (
        other.describe("1", "2") == "1 if share means corn > 0.2*(corn + wheat), 2 if it means corn > 0.2*30"
    )
    goal = SHARE.model_copy(update={"targets": ["objective"], "alternative": "corn"})
    (other,) = conventions.alternatives(model(goal))
    assert other.formulation.objective.expression == "corn"


def test_each_convention_alone_is_turned() -> None:
    found = conventions.alternatives(model(WHOLE, STRICT, SHARE))
    assert [other.convention for other in found] == [WHOLE, STRICT, SHARE]
    assert found[1].formulation.variables == model().variables
    same = WHOLE.model_copy(update={"targets": []})
    assert conventions.alternatives(model(same)) == []


@pytest.mark.parametrize(
    ("convention", "message"),
    [
        (WHOLE.model_copy(update={"targets": ["rye"]}), "conventions.0: there is no variable 'rye'"),
        (STRICT.model_copy(update={"targets": ["rye"]}), "conventions.0: there is no constraint 'rye'"),
        (SHARE.model_copy(update={"targets": []}), "conventions.0: there is no constraint ''"),
        (WHOLE.model_copy(update={"alternative": "odd"}), "'integer' or 'real'"),
        (STRICT.model_copy(update={"alternative": "=>"}), "comparisons such as '<'"),
        (STRICT.model_copy(update={"reading": "<"}), "has '>', not the reading '<'"),
    ],
)
def test_conventions_that_do_not_fit_are_named(convention: Convention, message: str) -> None:
    with pytest.raises(errors.InvalidInput, match=message.replace("(", r"\(")):
        conventions.alternatives(model(convention))


def test_continuous_makes_everything_real_and_keeps_binaries_between_0_and_1() -> None:
    relaxed = conventions.continuous(model(WHOLE))
    assert {v.domain for v in relaxed.variables} == {"real"}
    assert (relaxed.variables[2].lower, relaxed.variables[2].upper) == ("0", "1")
    assert relaxed.variables[1].upper == "9"
    narrow = Variable(name="z", domain="binary", lower="1/2", upper="7")
    one = model(variables=[narrow, *model().variables])
    assert conventions.continuous(one).variables[0].lower == "1/2"
    assert conventions.continuous(one).variables[0].upper == "1"
