"""The planner graph: LangGraph runs the steps of a session and keeps a checkpoint after each.

    START → execute → join ─┬─ replan ──▶ execute
                            └─ otherwise ▶ finish → END

LangGraph is a shell here: state, checkpoints, resume. Its graphs run level by level, so what can run at once
inside a plan is the business of `quod.agents.scheduler`, in one node. Planning and running are one node,
because a plan runs while it is still being written.
"""

from __future__ import annotations

from typing import Any

from langgraph.graph import END, START, StateGraph

from quod.agents.session import Session, State


async def run(session: Session, saver: Any) -> State:
    """Run a job to its end, from its last checkpoint if it has one; the thread id is the job's id."""
    graph: Any = StateGraph(State)
    graph.add_node("execute", session.execute)
    graph.add_node("join", session.join)
    graph.add_node("finish", session.finish)
    graph.add_edge(START, "execute")
    graph.add_edge("execute", "join")
    graph.add_conditional_edges("join", session.route, ["execute", "finish"])
    graph.add_edge("finish", END)
    config = {
        "configurable": {"thread_id": session.context.job.id},
        # Two steps a round, and one at the end; LangGraph's own default is for endless graphs.
        "recursion_limit": 2 * session.strategy.most_rounds(session.context) + 5,
    }
    compiled = graph.compile(checkpointer=saver)
    begun = await saver.aget_tuple(config) is not None
    state: State = await compiled.ainvoke(
        None if begun else {"rounds": [], "exhausted": None, "check": None}, config, durability="sync"
    )
    return state
