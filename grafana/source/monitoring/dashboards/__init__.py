"""Grafana's dashboards."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from monitoring import alerts
from monitoring.dashboards import component, host, kubernetes, services
from monitoring.objectives import Objectives


def build(objectives: Objectives) -> list[Dashboard]:
    """All dashboards."""
    names = alerts.names(objectives)
    return [page.build(objectives, names) for page in (services, component, host, kubernetes)]
