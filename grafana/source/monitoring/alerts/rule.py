"""Prometheus' rules as values, and their YAML."""

import textwrap
from dataclasses import dataclass, field

import yaml

from monitoring.duration import Scale
from monitoring.objectives import Objectives

HEADER = "# Written by grafana/generate from grafana/source and grafana/objectives.toml.\n"


@dataclass(frozen=True)
class Record:
    """A recording rule. Its name says level, metric and operations, as Prometheus advises."""

    name: str
    expr: str
    labels: dict[str, str] = field(default_factory=dict)

    def document(self) -> dict[str, object]:
        """The rule as YAML has it."""
        document: dict[str, object] = {"record": self.name, "expr": Block(self.expr)}
        if self.labels:
            document["labels"] = self.labels
        return document


@dataclass(frozen=True)
class Alert:
    """An alerting rule.

    `critical` wakes a person, `warning` is looked at in working hours. `dashboard` is a path in
    Grafana, `runbook` a page of docs/runbooks.
    """

    name: str
    expr: str
    wait: str
    severity: str
    summary: str
    description: str
    runbook: str
    dashboard: str

    def document(self) -> dict[str, object]:
        """The rule as YAML has it."""
        return {
            "alert": self.name,
            "expr": Block(self.expr),
            "for": self.wait,
            "labels": {"severity": self.severity},
            "annotations": {
                "summary": self.summary,
                "description": self.description,
                "runbook_url": self.runbook,
                "dashboard": self.dashboard,
            },
        }


@dataclass(frozen=True)
class Group:
    """Rules that are evaluated one after the other, so later ones see what earlier ones record."""

    name: str
    rules: tuple[Record | Alert, ...]


@dataclass(frozen=True)
class Context:
    """What rules are written from."""

    objectives: Objectives
    scale: Scale

    def window(self, text: str) -> str:
        """The range of a query, scaled."""
        return self.scale.window(text)

    def wait(self, text: str) -> str:
        """How long an alert's condition must hold, scaled."""
        return self.scale.wait(text)

    def runbook(self, page: str) -> str:
        """The address of a page of docs/runbooks."""
        return f"{self.objectives.runbooks}/{page}.md"


class Block(str):
    """An expression, which YAML shows over several lines."""

    def __new__(cls, text: str) -> "Block":
        """Takes the indentation away that the text has in a source file."""
        return super().__new__(cls, textwrap.dedent(text).strip())


class Dumper(yaml.SafeDumper):
    """Writes expressions as blocks, indents lists below their keys and repeats what is equal."""

    def ignore_aliases(self, data: object) -> bool:
        """Anchors would save a line and cost the reader."""
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indents lists too, as yamllint wants them."""
        super().increase_indent(flow, False)


Dumper.add_representer(
    Block,
    lambda dumper, text: dumper.represent_scalar(
        "tag:yaml.org,2002:str", text, style="|" if "\n" in text else None
    ),
)


def render(comment: str, document: object) -> str:
    """The YAML of a document below a comment."""
    text = yaml.dump(document, Dumper=Dumper, sort_keys=False, width=1000, allow_unicode=True)
    return HEADER + "".join(f"# {line}\n" for line in comment.splitlines()) + text


def render_groups(comment: str, groups: tuple[Group, ...]) -> str:
    """The YAML of a file of rules."""
    documents = [
        {"name": group.name, "rules": [rule.document() for rule in group.rules]} for group in groups
    ]
    return render(comment, {"groups": documents})
