"""The exporters beside the host: of the machine, and of what a health check sees."""

from monitoring.live import address
from monitoring.live.host import Instance
from monitoring.live.stack import Stack

# What a health check asks for.
PROBED = ("/backend/", "/backend/download_external_logs?env=development", "/data/")
PROBE_SECONDS = 2


def run(stack: Stack, instance: Instance) -> None:
    """Starts them and has Prometheus scrape them; `instance` is what is probed."""
    node, blackbox = address.free(2)
    stack.run("prometheus-node-exporter", node, "/")
    stack.scrape("node", [node])
    module = {"prober": "http", "timeout": f"{PROBE_SECONDS}s"}
    file = stack.write("blackbox.yml", {"modules": {"http_2xx": module}})
    stack.run("prometheus-blackbox-exporter", blackbox, "/-/healthy", f"--config.file={file}")
    probes = [instance.url + path for path in PROBED]
    stack.scrape("health-check", probes, **_probing(blackbox))


def _probing(blackbox: str) -> dict[str, object]:
    # As the blackbox exporter's own documentation has it: the target becomes a parameter.
    return {
        "metrics_path": "/probe",
        "params": {"module": ["http_2xx"]},
        "scrape_interval": "3s",
        "relabel_configs": [
            {"source_labels": ["__address__"], "target_label": "__param_target"},
            {"source_labels": ["__param_target"], "target_label": "instance"},
            {"target_label": "__address__", "replacement": blackbox},
        ],
    }
