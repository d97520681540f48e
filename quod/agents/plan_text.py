"""Plans as lines of text, LLMCompiler's grammar (arXiv 2312.04511, section 3.1), read while they arrive.

    Thought: both models are needed before they can be compared.
    1. formulate("A bakery makes …")
    2. solve($1, time_limit=10)
    3. compare([$2, "${1}"], note='''two
    lines''')  after $1
    4. join()<END_OF_PLAN>

The grammar stands in docs/plans.md. What is in quotes is text, whatever it looks like. A line that cannot be
read is a problem with that line and not a guess; prose that is no attempt at a call is passed over.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence

from quod import errors, jobs
from quod.agents import plan_arguments, plan_strings, references
from quod.agents.plan_checks import Checks, shortened
from quod.agents.plan_problems import PlanProblem

Item = jobs.Task | PlanProblem
MAX_CHARACTERS = 2_000_000
"""Of one plan."""
MAX_HEAD = 200
"""Characters of a line up to the opening parenthesis of its call."""
END = "<END_OF_PLAN>"

_TASK = re.compile(r"[ \t]*([0-9]+)\.[ \t]*([A-Za-z_][A-Za-z0-9_]*)[ \t]*\(")
_JOIN = re.compile(r"[ \t]*(?:[0-9]+\.)?[ \t]*join[ \t]*\(")
_ATTEMPT = re.compile(r"[\s*>-]*(?:([0-9]+)[^\w\s\"'(]{1,3})?\s*([A-Za-z_][\w.]*)\s*\(")
_NUMBERED = re.compile(r"\s*[0-9]+\W.*?([A-Za-z_]\w*)[ \t]*\(")
_TAIL = re.compile(r"(?:after\s+(\$?[0-9]{1,9}(?:\s*,\s*\$?[0-9]{1,9})*))?\s*(?:#.*)?", re.DOTALL)


class TextPlanParser:
    """Turns pieces of a plan into tasks, each as soon as its line is complete.

    `positional` gives, for each tool, the names of its arguments in order.
    """

    def __init__(self, positional: Mapping[str, Sequence[str]]) -> None:
        self._positional = positional
        self._checks = Checks(positional)
        self._items: list[Item] = []
        self._line = 1
        self._size = 0
        self._found = False
        self.ended = False
        """Whether `join()` or the end of the plan was read; the rest is passed over."""
        self._restart()

    def feed(self, chunk: str) -> list[Item]:
        """What was completed by this piece."""
        for character in chunk:
            if self.ended:
                break
            self._size += 1
            if self._size > MAX_CHARACTERS:
                self._problem(f"the plan is longer than {MAX_CHARACTERS} characters; the rest is not read")
                self.ended = True
                break
            self._take(character)
        return self._taken()

    def close(self) -> list[Item]:
        """What the end of the text completes; call it once."""
        if not self.ended:
            if self._depth:
                self._unclosed(self._start, "".join(self._text))
            else:
                self._end_of_line()
            if self._size and not self._found and not self._items and not self.ended:
                self._items.append(PlanProblem("the plan has no task; write calls such as `1. tool('…')`"))
            self.ended = True
        return self._taken()

    def _taken(self) -> list[Item]:
        found, self._items = self._items, []
        self._found = self._found or bool(found)
        return found

    def _restart(self) -> None:
        """A new line that belongs to no call."""
        self._text: list[str] = []
        """Of the line, or of the call with all of its lines."""
        self._begin = 0
        """Where in it the current line begins; -1 when it begins in quotes."""
        self._start = self._line
        """The number of its first line."""
        self._open = self._close = 0
        """The places behind the opening parenthesis and of the closing one; 0 before them."""
        self._depth = 0
        self._comment = False
        self._quotes = plan_strings.Scanner()

    def _take(self, character: str) -> None:
        self._text.append(character)
        if self._depth:
            self._take_argument(character)
        elif character == "\n":
            self._line += 1
            self._text.pop()
            self._end_of_line()
            self._restart()
        elif self._open or len(self._text) > MAX_HEAD:
            pass
        elif character == "(":
            line = "".join(self._text)
            if self._begins_call(line):
                self._open, self._depth = len(line), 1
        elif character == ">" and "".join(self._text).strip() == END:
            self.ended = True

    def _take_argument(self, character: str) -> None:
        if character == "\n":
            self._line += 1
        if self._comment:
            self._comment = character != "\n"
        elif self._quotes.pass_over(character):
            if character == "\n":
                self._begin = -1
            return
        elif character == "#":
            self._comment = True
        elif character in "([{":
            self._depth += 1
            if character == "(" and self._begin > 0:
                self._look_for_next_task()
        elif character in ")]}":
            self._depth -= 1
            if not self._depth:
                self._close = len(self._text) - 1
                self.ended = bool(_JOIN.match("".join(self._text[: self._open])))
        if character == "\n":
            self._begin = len(self._text)

    def _look_for_next_task(self) -> None:
        """A line that begins with `7. name(` outside of quotes is no argument: the call was never closed."""
        if len(self._text) - self._begin > MAX_HEAD:
            return
        line = "".join(self._text[self._begin :])
        if not (_TASK.fullmatch(line) or _JOIN.fullmatch(line)):
            return
        self._unclosed(self._start, "".join(self._text[: self._begin]))
        self._restart()
        self._text = list(line)
        self._open, self._depth = len(line), 1

    def _begins_call(self, line: str) -> bool:
        if _TASK.fullmatch(line) or _JOIN.fullmatch(line):
            return True
        attempt, numbered = _ATTEMPT.fullmatch(line), _NUMBERED.fullmatch(line)
        if attempt and (attempt[1] or attempt[2] in self._positional):
            return True
        return numbered is not None and numbered[1] in self._positional

    def _unclosed(self, start: int, text: str) -> None:
        what = "a text in quotes" if self._quotes.inside else "a parenthesis"
        self._call_problem(f"{what} is never closed", start, text)

    def _call_problem(self, message: str, line: int, text: str) -> None:
        match = _TASK.match(text)
        found = None
        if match:
            found = self._checks.problem(match[1], match[2], message, line=line, text=shortened(text))
        self._items.append(found or PlanProblem(message, line, shortened(text)))

    def _problem(self, message: str) -> None:
        self._items.append(PlanProblem(message, self._line))

    def _end_of_line(self) -> None:
        text = "".join(self._text)
        if not self._open:
            if text.strip() == END:
                self.ended = True
            elif re.match(r"\s*[0-9]+\s*[.):]\s*[A-Za-z_]\w*\s*$", text):
                self._items.append(_not_a_task(self._start, text))
            return
        head, tail = text[: self._open], text[self._close + 1 :]
        match = _TASK.fullmatch(head)
        if not match:
            self._items.append(_not_a_task(self._start, text))
            return
        if END in tail:
            tail = tail[: tail.index(END)]
            self.ended = True
        after = _TAIL.fullmatch(tail.strip())
        if not after:
            message = f"after the closing parenthesis stands {shortened(tail)!r}; write one call on a line"
            self._call_problem(message, self._start, text)
            return
        self._finish_task(match[1], match[2], text, re.findall("[0-9]+", after[1] or ""))

    def _finish_task(self, number: str, tool: str, text: str, after: list[str]) -> None:
        if tool not in self._positional:
            self._call_problem_unknown(number, tool, text)
            return
        try:
            arguments = plan_arguments.parse(text[self._open : self._close], self._positional[tool])
        except plan_arguments.Unreadable as error:
            line = self._start + text.count("\n", 0, self._open + error.place)
            self._call_problem(str(error), line, text)
            return
        self._items.append(
            self._checks.task(number, tool, arguments, after, line=self._start, text=shortened(text))
        )

    def _call_problem_unknown(self, number: str, tool: str, text: str) -> None:
        found = self._checks.problem(number, tool, line=self._start, text=shortened(text))
        assert found is not None
        self._items.append(found)


def parse(text: str, positional: Mapping[str, Sequence[str]]) -> list[Item]:
    """All of a plan at once."""
    parser = TextPlanParser(positional)
    return parser.feed(text) + parser.close()


def render(tasks: Iterable[jobs.Task]) -> str:
    """The plan in this grammar, one line for each task and all arguments with names.

    Raises InvalidInput for an id or a name of an argument that the grammar does not have.
    """
    return "".join(f"{_rendered(task)}\n" for task in tasks)


def _rendered(task: jobs.Task) -> str:
    for each in (task.id, *task.depends_on):
        if not re.fullmatch(references.ID, each):
            raise errors.InvalidInput(f"task {each!r}: ids in a text plan are whole numbers")
    for name in task.arguments:
        if not re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", name):
            raise errors.InvalidInput(
                f"task {task.id}: the argument {name!r} has no name of letters and digits"
            )
    arguments = ", ".join(f"{name}={_literal(value)}" for name, value in task.arguments.items())
    after = "  after " + ", ".join(f"${each}" for each in task.depends_on) if task.depends_on else ""
    return f"{task.id}. {task.tool}({arguments}){after}"


def _literal(value: object) -> str:
    if isinstance(value, str) and references.whole(value):
        return value
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    if isinstance(value, dict):
        return (
            "{"
            + ", ".join(f"{json.dumps(k, ensure_ascii=False)}: {_literal(v)}" for k, v in value.items())
            + "}"
        )
    return json.dumps(value, ensure_ascii=False)


def _not_a_task(line: int, text: str) -> PlanProblem:
    message = "this is no task; write a number, a point and a call, as in `3. tool($1, name=2)`"
    return PlanProblem(message, line, shortened(text))
