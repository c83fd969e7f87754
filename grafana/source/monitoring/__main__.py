"""Writes the generated files; `--help` tells the options."""

import argparse
import json
from dataclasses import replace
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from monitoring import alerts, dashboards, objectives
from monitoring.duration import Scale

GRAFANA = Path(__file__).parents[2]


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="grafana/generate", description=__doc__)
    parser.add_argument("--output", type=Path, default=GRAFANA, help="folder to write into")
    parser.add_argument(
        "--scale", type=float, default=1.0, help="factor on all times of the rules, such as 0.0167"
    )
    parser.add_argument(
        "--objectives", type=Path, default=objectives.FILE, help="instead of objectives.toml"
    )
    parser.add_argument("--webhook", help="where notifications go, instead of objectives.toml's")
    return parser.parse_args()


def main() -> None:
    """Writes everything."""
    options = arguments()
    settings = objectives.read(options.objectives)
    if options.webhook:
        settings = replace(settings, webhook=options.webhook)
    for folder in ("dashboards", "alerts"):
        (options.output / folder).mkdir(parents=True, exist_ok=True)
    for board in dashboards.build(settings):
        text = json.dumps(board, cls=JSONEncoder, indent=2, sort_keys=True)
        file = options.output / "dashboards" / f"{board.uid}.json"
        file.write_text(text + "\n", encoding="utf-8")
    for name, text in alerts.build(settings, Scale(options.scale)).items():
        (options.output / "alerts" / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
