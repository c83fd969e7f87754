"""`python -m monitoring.checks alerts|dashboards|links|models|names`, or `expressions FILE`."""

import sys
from pathlib import Path

import yaml

from monitoring.checks import alerts, dashboards, expressions, links, models, names

CHECKS = {
    "alerts": alerts,
    "dashboards": dashboards,
    "links": links,
    "models": models,
    "names": names,
}


def write(file: Path) -> None:
    """Writes all expressions as rules, so that Prometheus' own parser reads them."""
    rules = [
        {"record": f"expression:{number}", "expr": expression.text}
        for number, expression in enumerate(expressions.everything())
    ]
    document = {"groups": [{"name": "all", "rules": rules}]}
    file.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Prints what is wrong; the status is 1 if anything is."""
    if arguments[0] == "expressions":
        write(Path(arguments[1]))
        return 0
    problems = CHECKS[arguments[0]].problems()
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
