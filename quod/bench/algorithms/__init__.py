"""LLM-based algorithms, measured: decomposition into sub-tasks of size m, run by p calls at once.

After Chen, Li, Ding and Zhou, "On the Design and Analysis of LLM-Based Algorithms" (arXiv 2407.14788): four
algorithms whose only free choices are how large the pieces are that a model sees at once, and how many calls
run at once. Here the pieces really run in parallel, tokens are those that the endpoint reports, and what was
measured is fitted so that `quod.agents.granularity` can choose m.
"""
