"""Prometheus' rules and Alertmanager's configuration."""

from monitoring.alerts import (
    alertmanager,
    availability,
    components,
    health_check,
    node,
    requests,
    storage,
)
from monitoring.alerts.rule import Alert, Context, Group, render, render_groups
from monitoring.duration import Scale
from monitoring.objectives import Objectives

SERVICES = "What a person should be woken or told by. Each alert has a page in docs/runbooks."
NODES = "Optional: the machines below and certificates. Leave it out where others watch them."


def services(context: Context) -> tuple[Group, ...]:
    """The groups that are on by default."""
    modules = (availability, requests, components, storage, health_check)
    return tuple(module.group(context) for module in modules)


def names(objectives: Objectives) -> list[str]:
    """The names of all alerts, sorted."""
    context = Context(objectives, Scale())
    groups = (*services(context), node.group(context))
    return sorted(
        {rule.name for group in groups for rule in group.rules if isinstance(rule, Alert)}
    )


def build(objectives: Objectives, scale: Scale) -> dict[str, str]:
    """The files by their names."""
    context = Context(objectives, scale)
    return {
        "weir.rules.yml": render_groups(SERVICES, services(context)),
        "node.rules.yml": render_groups(NODES, (node.group(context),)),
        "alertmanager.yml": render(alertmanager.COMMENT, alertmanager.document(context)),
    }
