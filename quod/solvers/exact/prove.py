"""From a model to a proof: optimality, infeasibility or unboundedness."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence

import numpy as np
from flint import fmpq

from quod import jobs
from quod.solvers import highs
from quod.solvers.exact import divisibility
from quod.solvers.exact import proof as proofs
from quod.solvers.exact.program import ZERO, Program, float_form
from quod.solvers.exact.proof import Proof
from quod.solvers.exact.tree import Progress, Search, Unbounded
from quod.solvers.options import Options
from quod.solvers.outcome import Outcome
from quod.solvers.standard import StandardForm


def prove(
    form: StandardForm,
    options: Options | None = None,
    hint: Outcome | None = None,
    *,
    progress: Progress | None = None,
) -> Proof | None:
    """Prove what is true of an exact `form` of kind lp or milp; None if a limit came before any proof.

    `hint` is what a solver said of the same model: its point and basis make the proof cheaper, and it is all
    there is for a `numeric` claim past the limits. `progress` receives counts while a tree grows.
    """
    started = time.monotonic()
    options = options or Options()
    if form.kind not in ("lp", "milp"):
        return _numeric_of(form, hint, f"a model of class {form.kind} gets no exact certificate")
    if len(form.data) > options.certify_size_limit:
        return _numeric_of(form, hint, too_large(len(form.data), options))
    task = _Task(form, options, hint, started + options.time_limit, progress)
    try:
        found = task.prove()
    except proofs.TooLong:
        found = _numeric_of(form, hint, "the exact numbers of the proof have more than 3,900 digits")
    if found is None:
        return None
    return dataclasses.replace(found, stats={**task.stats(), "seconds": time.monotonic() - started})


def too_large(nonzeros: int, options: Options) -> str:
    """Why a model of this size gets no exact proof."""
    return f"no exact proof was tried: {nonzeros:,} nonzeros, the limit is {options.certify_size_limit:,}"


def numeric(names: Sequence[str], sense: str, hint: Outcome | None, reason: str) -> Proof | None:
    """The solver's word on an optimum, for the first columns, called `names`; None where it has none.

    A solver's word on infeasibility or unboundedness is no evidence that could be checked again.
    """
    if hint is None or hint.values is None or hint.objective is None:
        return None
    if hint.termination is not jobs.Termination.OPTIMAL:
        return None
    claim = {
        "termination": "optimal",
        "sense": sense,
        "objective": proofs.float_text(hint.objective),
        "tolerance": proofs.TOLERANCE,
    }
    values = {name: float(value) for name, value in zip(names, hint.values, strict=False)}
    point = {name: proofs.float_text(value) for name, value in values.items() if value}
    return Proof("optimality", "numeric", claim, {"point": point}, notes=[reason])


def _numeric_of(form: StandardForm, hint: Outcome | None, reason: str) -> Proof | None:
    names = [form.column_name(j) for j in range(form.declared_columns)]
    return numeric(names, form.sense, hint, reason)


class _Task:
    def __init__(
        self,
        form: StandardForm,
        options: Options,
        hint: Outcome | None,
        deadline: float,
        progress: Progress | None,
    ) -> None:
        self.form, self.options, self.hint = form, options, hint
        self.deadline, self.progress = deadline, progress
        self.program = Program.of(form)
        self.search: Search | None = None

    def stats(self) -> dict[str, float]:
        if self.search is None:
            return {"nodes": 1, "leaves": 1, "exact_solves": 0}
        leaves = sum(node.leaf is not None for node in self.search.nodes)
        return {"nodes": len(self.search.nodes), "leaves": leaves, "exact_solves": self.search.exact_solves}

    def prove(self) -> Proof | None:
        program = self.program
        for low, high in zip(program.lower, program.upper, strict=True):
            if low is not None and high is not None and low > high:
                return _empty({"infeasible": {}})
        impossible = divisibility.contradiction(program)
        if impossible is not None:
            return _empty({"indivisible": proofs.named(impossible, self.form.row_name)})
        self.search = Search(program, float_form(self.form), self.options, self.deadline, self.progress)
        hint, values, basis = self.hint, None, None
        if hint is not None and hint.values is not None:
            values = hint.values
            basis = hint.basis if hint.termination is jobs.Termination.OPTIMAL else None
        try:
            self.search.run(values, basis)
        except Unbounded as unbounded:
            return self._unbounded(unbounded)
        if self.search.judge.value is None:
            if self.search.complete:
                return self._infeasible()
            return _numeric_of(self.form, hint, f"{self._limit()}: no exactly feasible point was found")
        return self._optimal(self.search)

    def _infeasible(self) -> Proof:
        assert self.search is not None
        evidence = {"tree": proofs.tree(self.form, self.search.nodes)}
        return Proof("infeasibility", "exact", _claim("infeasible"), evidence)

    def _optimal(self, search: Search) -> Proof | None:
        """The best point found with what the leaves prove of it."""
        assert search.judge.value is not None
        assert search.judge.point is not None
        bound = search.weakest()
        value = self.program.in_model_sense(search.judge.value)
        claim = {**_claim("optimal"), "sense": self.form.sense, "objective": proofs.text(value)}
        evidence = {"point": proofs.point(self.form, search.judge.point)}
        if bound is None:
            reason = f"{self._limit()}: no finite bound was proved"
            return self._numeric_at(search.judge.point, claim, reason)
        evidence["tree"] = proofs.tree(self.form, search.nodes)  # type: ignore[assignment]
        if bound >= search.judge.value:
            return Proof("optimality", "exact", claim, evidence)
        claim["bound"] = proofs.text(self.program.in_model_sense(bound))
        reason = f"{self._limit()}: the optimum is proved to be no better than {claim['bound']}"
        return Proof("optimality", "rigorous", claim, evidence, notes=[reason])

    def _numeric_at(self, point: list[fmpq], claim: dict[str, str], reason: str) -> Proof | None:
        hint = self.hint
        if hint is None or hint.termination is not jobs.Termination.OPTIMAL:
            return None
        claim = {**claim, "tolerance": proofs.TOLERANCE}
        evidence = {"point": proofs.point(self.form, point)}
        return Proof("optimality", "numeric", claim, evidence, notes=[reason])

    def _limit(self) -> str:
        assert self.search is not None
        if self.search.complete:
            return f"the search stopped at the gap of {self.options.gap:g}"
        if len(self.search.nodes) > self.options.node_limit:
            return f"the proof stopped at the limit of {self.options.node_limit:,} nodes"
        return f"the proof stopped at the limit of {self.options.time_limit:g} seconds"

    def _unbounded(self, unbounded: Unbounded) -> Proof | None:
        """A ray of the relaxation improves every feasible point; a mixed-integer model still needs one."""
        vertex = unbounded.vertex
        point = vertex.point
        if any(self.program.integer):
            free = dataclasses.replace(self.program, cost=[ZERO] * len(self.program.cost))
            rounded = float_form(dataclasses.replace(self.form, cost=np.array(free.cost, dtype=object)))
            self.search = Search(free, rounded, self.options, self.deadline, self.progress)
            left = max(0.01, self.deadline - time.monotonic())
            found = highs.solve(rounded, dataclasses.replace(self.options, time_limit=left))
            self.search.run(found.values)
            if self.search.judge.point is None:
                return self._infeasible() if self.search.complete else None
            point = self.search.judge.point
        claim = {**_claim("unbounded"), "sense": self.form.sense}
        ray = proofs.named(vertex.ray, self.form.column_name)
        return Proof("unboundedness", "exact", claim, {"point": proofs.point(self.form, point), "ray": ray})


def _empty(leaf: dict[str, dict[str, str]]) -> Proof:
    """One leaf that settles the whole space."""
    return Proof("infeasibility", "exact", _claim("infeasible"), {"tree": [leaf]})


def _claim(termination: str) -> dict[str, str]:
    return {"termination": termination}
