"""Series as cAdvisor and kube-state-metrics give them, written into Prometheus' storage.

They are of a cluster with one node and the two services, and lie in the half hour before the test,
since what is scraped must come after what was written. Everything else is measured, not made up.
"""

import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from monitoring.checks.catalog import FOREIGN
from monitoring.live.prometheus import Span

# Exporters whose metrics are made up here, as the catalogue of metrics names them.
EXPORTERS = ("cadvisor", "kube-state-metrics")
METRICS = frozenset(name for exporter in EXPORTERS for name in FOREIGN[exporter].split())

MINUTES, EVERY = 30, 15
SERVICES = {"backend-namespace": "backend-api", "data-namespace": "data-api"}
NODE = "dev-cluster-control-plane"

Series = tuple[str, dict[str, str], float, float]


def backfill(storage: Path) -> Span:
    """Writes the series as blocks into Prometheus' folder; gives the time that they are of."""
    end = time.time() - 2 * EVERY
    span = Span(end - MINUTES * 60, end)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "series.txt"
        file.write_text("".join(_lines(span)) + "# EOF\n", encoding="utf-8")
        command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", file, storage]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return span


def _lines(span: Span) -> Iterator[str]:
    """OpenMetrics, series by series; each begins at a value and grows by one each second."""
    for name, labels, first, growth in _series(span.start):
        text = ",".join(f'{label}="{value}"' for label, value in labels.items())
        for second in range(0, MINUTES * 60 + 1, EVERY):
            value = first + growth * second
            yield f"{name}{{{text}}} {value:.6f} {span.start + second:.3f}\n"


def _series(now: float) -> Iterator[Series]:
    for namespace, service in SERVICES.items():
        pod = {"namespace": namespace, "pod": f"{service}-0"}
        yield from _containers(pod | {"container": service})
        yield from _pods(pod, service)
        yield from _sets({"namespace": namespace}, service)
    yield from _health_checks(now)


def _containers(container: dict[str, str]) -> Iterator[Series]:
    """What cAdvisor counts of a container and, for the network, of a pod."""
    labels = {"job": "cadvisor", "node": NODE, "id": "/kubepods/x", "image": "weir:dev"} | container
    yield "container_cpu_usage_seconds_total", labels | {"cpu": "total"}, 0, 0.2
    yield "container_cpu_cfs_periods_total", labels, 0, 10
    yield "container_cpu_cfs_throttled_periods_total", labels, 0, 0.5
    yield "container_memory_usage_bytes", labels, 80e6, 100
    yield "container_memory_working_set_bytes", labels, 60e6, 100
    yield "container_fs_reads_bytes_total", labels | {"device": "/dev/vda"}, 0, 1000
    yield "container_fs_writes_bytes_total", labels | {"device": "/dev/vda"}, 0, 4000
    network = {name: value for name, value in labels.items() if name != "container"}
    yield "container_network_receive_bytes_total", network | {"interface": "eth0"}, 0, 3000
    yield "container_network_transmit_bytes_total", network | {"interface": "eth0"}, 0, 9000


def _pods(pod: dict[str, str], service: str) -> Iterator[Series]:
    """What kube-state-metrics tells of a pod and its container."""
    labels = {"job": "kube-state-metrics", "uid": "0"} | pod
    container = labels | {"container": service}
    yield "kube_pod_container_info", container | {"image": "weir:dev"}, 1, 0
    limit = "kube_pod_container_resource_limits"
    yield limit, container | {"node": NODE, "resource": "cpu", "unit": "core"}, 1, 0
    yield limit, container | {"node": NODE, "resource": "memory", "unit": "byte"}, 256e6, 0
    yield "kube_pod_container_status_restarts_total", container, 0, 0.001
    reason = {"reason": "CrashLoopBackOff"}
    yield "kube_pod_container_status_waiting_reason", container | reason, 1, 0
    for condition, value in (("true", 1), ("false", 0), ("unknown", 0)):
        yield "kube_pod_status_ready", labels | {"condition": condition}, value, 0


def _sets(namespace: dict[str, str], service: str) -> Iterator[Series]:
    """What keeps pods running."""
    labels = {"job": "kube-state-metrics"} | namespace
    stateful, deployment = labels | {"statefulset": service}, labels | {"deployment": service}
    yield "kube_statefulset_replicas", stateful, 1, 0
    yield "kube_statefulset_status_replicas_ready", stateful, 1, 0
    yield "kube_deployment_spec_replicas", deployment, 2, 0
    yield "kube_deployment_status_replicas_ready", deployment, 2, 0
    scaler = labels | {"horizontalpodautoscaler": service}
    for name, value in (("spec_min", 1), ("spec_max", 4), ("status_desired", 2)):
        yield f"kube_horizontalpodautoscaler_{name}_replicas", scaler, value, 0


def _health_checks(now: float) -> Iterator[Series]:
    """The CronJob of the health check, one job of which passed and one failed."""
    labels = {"job": "kube-state-metrics", "namespace": "health-namespace"}
    cronjob = {"cronjob": "health-check"}
    yield "kube_cronjob_status_last_successful_time", labels | cronjob, now, 0
    for name, passed, failed in (("health-check-1", 1, 0), ("health-check-2", 0, 1)):
        job = labels | {"job_name": name}
        yield "kube_job_status_succeeded", job, passed, 0
        yield "kube_job_status_failed", job, failed, 0
