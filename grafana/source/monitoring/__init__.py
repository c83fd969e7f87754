"""Writes what watches Weir: Grafana's dashboards, Prometheus' rules, Alertmanager's routes.

One source, so that a metric is named, an objective stated and an alert linked in one place. What is
written is committed; `grafana/check` fails when it is stale.
"""
