"""Whether dashboards are what Grafana's own models know.

Each file is read into grafana-foundation-sdk's models and written again. A field that a model does
not have, such as a misspelt one, is lost on the way; Grafana would ignore it without a word.
"""

import json
from collections.abc import Iterator

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from monitoring.checks.expressions import GRAFANA

# Fields of Prometheus' annotations, which the models leave to the data source's plugin.
ANNOTATION = frozenset({"titleFormat", "textFormat", "step", "useValueForTime"})


def problems() -> list[str]:
    """What is wrong, one line each."""
    register_default_plugins()
    found = []
    for file in sorted((GRAFANA / "dashboards").glob("*.json")):
        board = json.loads(file.read_text(encoding="utf-8"))
        try:
            known = json.loads(json.dumps(Dashboard.from_json(board), cls=JSONEncoder))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            found.append(f"{file.name}: the models cannot read it: {error!r}")
            continue
        found += [f"{file.name}: {problem}" for problem in _lost(board, known, "")]
    return found


def _lost(written: object, known: object, path: str) -> Iterator[str]:
    """What was written and is not known; what the models add are their defaults."""
    if isinstance(written, dict) and isinstance(known, dict):
        for name, value in written.items():
            if name in known:
                yield from _lost(value, known[name], f"{path}.{name}")
            elif not (path.startswith(".annotations.list[") and name in ANNOTATION):
                yield f"the models have no field {path}.{name}"
    elif isinstance(written, list) and isinstance(known, list) and len(written) == len(known):
        for index, (one, other) in enumerate(zip(written, known, strict=True)):
            yield from _lost(one, other, f"{path}[{index}]")
    elif written != known:
        yield f"{path} is {written!r}, which the models read as {known!r}"
