"""Whom Alertmanager tells what: an example to be joined with your own receivers."""

from monitoring.alerts.rule import Context

COMMENT = """\
Notifications for one job of one kind come together. What is critical is told soon and again each
hour, the rest is gathered and repeated twice a day. Replace the two receivers by your own; both get
Alertmanager's JSON by POST.
"""


def document(context: Context) -> dict[str, object]:
    """The configuration."""
    return {
        "route": {
            "receiver": "tell",
            "group_by": ["alertname", "namespace", "job"],
            "group_wait": context.wait("30s"),
            "group_interval": context.wait("5m"),
            "repeat_interval": context.wait("12h"),
            "routes": [
                {
                    "receiver": "wake",
                    "matchers": ['severity="critical"'],
                    "group_wait": context.wait("10s"),
                    "repeat_interval": context.wait("1h"),
                },
            ],
        },
        "inhibit_rules": _inhibitions(),
        "receivers": [_webhook(context, "wake"), _webhook(context, "tell")],
    }


def _inhibitions() -> list[dict[str, object]]:
    job, component = ["namespace", "job"], ["namespace", "job", "component"]
    burns = "ErrorBudgetBurnFast|ErrorBudgetBurnSlow"
    return [
        # Where nothing serves, all else of that job follows from it.
        _inhibition("ServiceDown", f"Unresponsive|{burns}|HighLatency|Rejecting|InstanceDown", job),
        _inhibition("Unresponsive", f"{burns}|HighLatency|Rejecting", component),
        _inhibition("ErrorBudgetBurnFast", "ErrorBudgetBurnSlow", component),
    ]


def _inhibition(source: str, targets: str, equal: list[str]) -> dict[str, object]:
    return {
        "source_matchers": [f'alertname="{source}"'],
        "target_matchers": [f'alertname=~"{targets}"'],
        "equal": equal,
    }


def _webhook(context: Context, receiver: str) -> dict[str, object]:
    url = f"{context.objectives.webhook}/{receiver}"
    return {"name": receiver, "webhook_configs": [{"url": url, "send_resolved": True}]}
