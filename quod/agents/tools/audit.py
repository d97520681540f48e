"""`audit` and `diagnose`: what helps people judge an answer. They never change it."""

from __future__ import annotations

from typing import Any

from quod import jobs
from quod.agents import registry
from quod.agents.context import Context
from quod.agents.tools import solve
from quod.solvers import review, run


@registry.tool(cost="solve")
async def audit(context: Context, draft: dict[str, Any], solved: dict[str, Any]) -> dict[str, Any]:
    """Audit a solved formulation: rows without effect, scaling, other readings with another optimum.

    draft: what was solved. solved: the output of `solve`.
    Returns {"findings": warnings, "alternatives": answers under other readings}; empty for an infeasible one.
    """
    if solved.get("certificate") is None or solved["termination"] == jobs.Termination.INFEASIBLE:
        return {}
    report = await context.offload(run.call, review.review, solve.read(draft), solve.options(context))
    return {
        "findings": [finding["message"] for finding in report["findings"]],
        "alternatives": report["alternatives"],
    }


@registry.tool(cost="solve")
async def diagnose(context: Context, draft: dict[str, Any], solved: dict[str, Any]) -> dict[str, Any]:
    """Explain why a formulation has no solution: constraints in conflict, smallest changes that would help.

    draft: what was solved. solved: the output of `solve`.
    Returns {"conflict", "relaxations", …}; empty when there is a solution.
    """
    if solved.get("certificate") is None or solved["termination"] != jobs.Termination.INFEASIBLE:
        return {}
    return await context.offload(run.call, review.diagnosis, solve.read(draft), solve.options(context))
