"""Solved steps, shown to a model as examples of the step that it is at (BoostStep, arXiv 2501.03226, §3).

An example of a whole problem is often alike in what does not matter. So the store is kept and searched by
single steps, and the query is the model's own *first try* of the step. A step is shown with its problem up to
that step, itself labelled as the key step, and only from a threshold of similarity on: a bad example is worse
than none.

Files are JSON lines, one step each. Writers hold a lock beside the file and readers see whole files only.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pydantic

from quod import documents, errors, jobs
from quod.agents import tfidf
from quod.settings import Settings

SHIPPED = Path(__file__).parent / "data" / "steps.jsonl"
"""Solved steps of formulations that come with quod."""


class Step(jobs.Model):
    """One step of a solved problem: the lines `before` it, and the words that it was made from.

    The lines of a formulation are declarations (`integer hens`), the objective (`maximize 6*hens`) and rows
    of the language of docs/formulation.md; those of a proof are its own. `words` are empty where a step has
    none.
    """

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    kind: str = pydantic.Field(min_length=1)
    problem: str = pydantic.Field(min_length=1)
    before: tuple[str, ...] = ()
    step: str = pydantic.Field(min_length=1)
    words: str = ""

    @property
    def key(self) -> str:
        """What a first try is compared with."""
        return first_try(self.words, self.step)

    def shown(self) -> str:
        """The example as a model sees it: the problem up to this step, and the key step with its words."""
        words = f"{json.dumps(self.words, ensure_ascii=False)} becomes " if self.words else ""
        lines = [f"Problem: {self.problem}", *self.before, f"Key Step ({self.kind}): {words}{self.step}"]
        return "\n".join(lines)


@dataclass(frozen=True)
class Match:
    """The stored step most like a first try; `score` is their similarity in [0, 1]."""

    step: Step
    score: float


def first_try(words: str, step: str) -> str:
    """The text by which a step is searched: the words it was made from and the step."""
    return f"{' '.join(words.split())}{tfidf.ARROW}{step.strip()}"


class StepStore:
    """Solved steps and a retriever that finds the nearest; safe to use from several threads."""

    def __init__(self, steps: Iterable[Step] = (), retriever: tfidf.Retriever | None = None) -> None:
        self._steps = list(steps)
        self._retriever = retriever or tfidf.TfIdf()
        self._fitted = -1
        self._lock = threading.Lock()

    @classmethod
    def load(cls, *paths: str | Path, retriever: tfidf.Retriever | None = None) -> StepStore:
        """The steps of JSONL files, in order. Raises InvalidInput naming file, line and field."""
        return cls((step for path in paths for step in read(path)), retriever)

    @property
    def steps(self) -> Sequence[Step]:
        """All steps, in the order in which they came."""
        return tuple(self._steps)

    def add(self, *steps: Step) -> None:
        """Take up `steps`; they are found from the next query on."""
        with self._lock:
            self._steps.extend(steps)

    def query(self, first_try_text: str, *, threshold: float) -> Match | None:
        """The step nearest to a first try, from `threshold` in [0, 1] on; a threshold of 1 finds none.

        Of equally near steps the first is found.
        """
        with self._lock:
            if self._fitted != len(self._steps):
                self._retriever.fit([step.key for step in self._steps])
                self._fitted = len(self._steps)
            found = self._retriever.nearest(first_try_text)
            if found is None or threshold >= 1 or found[1] < threshold:
                return None
            return Match(self._steps[found[0]], found[1])

    def save(self, path: str | Path) -> None:
        """Write all steps to `path` in place of what it holds; readers see the old file or the new one."""
        with _locked(Path(path)) as target:
            _replace(target, _lines(self._steps))


def read(path: str | Path) -> list[Step]:
    """The steps of one JSONL file, empty lines left out. Raises InvalidInput naming file, line and field."""
    found = []
    for number, line in enumerate(documents.read_text(path).split("\n"), start=1):
        if line.strip():
            found.append(_parse(line, f"{path}:{number}"))
    return found


def append(path: str | Path, steps: Iterable[Step]) -> None:
    """Add `steps` to the end of a JSONL file, which need not exist; other writers wait meanwhile.

    Raises InvalidInput, and writes nothing, when the last line of the file is not a whole step.
    """
    with _locked(Path(path)) as target:
        held = documents.read_text(target) if target.exists() else ""
        if held and not held.endswith("\n"):
            last = held.rsplit("\n", 1)[-1]
            _parse(last, f"{target}:{held.count(chr(10)) + 1}")
            held += "\n"
        _replace(target, held + _lines(steps))


def examples_for(settings: Settings) -> Callable[[str], Sequence[str]]:
    """What a drafter may ask for examples: at most one for each first try, from the set threshold on.

    The steps are those of `settings.examples` and quod's own. Raises Misconfigured when a file is not usable.
    """
    if settings.example_threshold >= 1:
        return lambda first_try_text: ()
    paths = [SHIPPED] if settings.examples is None else [settings.examples.expanduser(), SHIPPED]
    try:
        store = StepStore.load(*paths)
    except errors.InvalidInput as error:
        raise errors.Misconfigured(f"QUOD_EXAMPLES: {error}", setting="examples") from None

    def examples(first_try_text: str) -> Sequence[str]:
        match = store.query(first_try_text, threshold=settings.example_threshold)
        return () if match is None else (match.step.shown(),)

    return examples


def _parse(line: str, place: str) -> Step:
    try:
        document = json.loads(line, object_pairs_hook=documents.unique_keys)
        return Step.model_validate(document)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise errors.InvalidInput(f"{place}: {field + ': ' if field else ''}{first['msg']}") from None
    except RecursionError:
        raise errors.InvalidInput(f"{place}: the JSON is nested too deeply") from None
    except ValueError as error:
        raise errors.InvalidInput(f"{place}: not a JSON object on one line ({error})") from None


def _lines(steps: Iterable[Step]) -> str:
    return "".join(
        json.dumps(step.model_dump(mode="json"), ensure_ascii=False, sort_keys=True) + "\n" for step in steps
    )


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[Path]:
    """Holds the lock of a file, which is a file of its own because the file itself is replaced."""
    target = path.expanduser().resolve()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.with_name(target.name + ".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield target
    except OSError as error:
        raise errors.InvalidInput(f"cannot write {path}: {error.strerror}") from None


def _replace(target: Path, content: str) -> None:
    """Write a file beside `target` and put it in its place, so that a crash leaves the old one."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=target.name + ".")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, target.stat().st_mode & 0o777 if target.exists() else 0o644)
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
