"""Whether expressions name only metrics, labels and reasons that there are.

An expression with a misspelt name is valid and finds nothing: a graph stays empty, an alert silent.
"""

from collections.abc import Iterator

import promql_parser as promql

from monitoring.checks import catalog, expressions
from monitoring.checks.catalog import Catalog
from monitoring.checks.expressions import Expression

# Labels whose values are listed in the reference.
CLOSED = ("reason", "result", "error_type")
CHILDREN = ("expr", "lhs", "rhs", "vector_selector", "args", "param")


def problems() -> list[str]:
    """What is wrong, one line each."""
    recorded = frozenset(rule["record"] for rule in expressions.rules() if "record" in rule)
    known = catalog.read(recorded)
    found = []
    for expression in expressions.everything():
        found += [f"{expression.where}: {problem}" for problem in _examine(expression, known)]
    return found


def metrics(text: str) -> frozenset[str]:
    """The names of all metrics in an expression."""
    nodes = _walk(promql.parse(text))
    return frozenset(
        node.name for node in nodes if isinstance(node, promql.VectorSelector) and node.name
    )


def _examine(expression: Expression, known: Catalog) -> Iterator[str]:
    try:
        tree = promql.parse(expression.text)
    except ValueError as error:
        yield f"{error} in {expression.text}"
        return
    for node in _walk(tree):
        if isinstance(node, promql.VectorSelector):
            yield from _selector(node, known)
        elif isinstance(node, promql.AggregateExpr):
            yield from _aggregation(node, known)


def _walk(node: object) -> Iterator[object]:
    yield node
    for name in CHILDREN:
        child = getattr(node, name, None)
        for each in child if isinstance(child, list) else [child]:
            if each is not None:
                yield from _walk(each)


def _selector(node: promql.VectorSelector, known: Catalog) -> Iterator[str]:
    matchers = node.matchers.matchers
    if node.name is None:
        # Only the metrics that components define are selected by a pattern.
        if not any(matcher.name == "__name__" for matcher in matchers):
            yield "selects series without a name"
        return
    if not known.knows(node.name):
        yield f"there is no metric {node.name}"
        return
    labels = known.labels(node.name)
    for matcher in matchers:
        if labels is not None and matcher.name not in labels:
            yield f"{node.name} has no label {matcher.name}"
        elif labels is not None and matcher.name in CLOSED:
            values = {value for value in matcher.value.split("|") if value}
            for value in sorted(values - known.words):
                yield f"{node.name} has no {matcher.name} {value}"


def _aggregation(node: promql.AggregateExpr, known: Catalog) -> Iterator[str]:
    selectors = [each for each in _walk(node.expr) if isinstance(each, promql.VectorSelector)]
    labels = [known.labels(each.name) for each in selectors if each.name]
    if node.modifier is None or not labels or None in labels or _adds_labels(node.expr):
        return
    possible = frozenset().union(*(each for each in labels if each))
    for label in sorted(set(node.modifier.labels) - possible):
        yield f"no metric in `{node.expr}` has the label {label}"


def _adds_labels(node: object) -> bool:
    calls = [each for each in _walk(node) if isinstance(each, promql.Call)]
    return any(call.func.name in ("label_replace", "label_join") for call in calls)
