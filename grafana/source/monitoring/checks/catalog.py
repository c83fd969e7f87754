"""Which metrics there are, and with which labels."""

import re
from dataclasses import dataclass
from pathlib import Path

REFERENCE = Path(__file__).parents[4] / "docs" / "metrics.md"

# What a scrape adds to every series, in the ways that Weir is deployed.
TARGET = frozenset(("namespace", "job", "instance", "pod", "container", "node", "app", "le"))

# Of others, what is used here. Prometheus makes the first of its own accord.
FOREIGN = {
    "prometheus": "up ALERTS scrape_duration_seconds scrape_samples_scraped",
    "blackbox-exporter": "probe_success probe_ssl_earliest_cert_expiry",
    "node-exporter": """
        node_cpu_seconds_total node_load5 node_uname_info
        node_memory_MemAvailable_bytes node_memory_MemTotal_bytes
        node_disk_read_bytes_total node_disk_written_bytes_total node_disk_io_time_seconds_total
        node_network_receive_bytes_total node_network_transmit_bytes_total
        node_filesystem_avail_bytes node_filesystem_size_bytes node_filesystem_files_free
        node_filesystem_readonly
    """,
    "cadvisor": """
        container_cpu_usage_seconds_total container_cpu_cfs_periods_total
        container_cpu_cfs_throttled_periods_total
        container_memory_usage_bytes container_memory_working_set_bytes
        container_fs_reads_bytes_total container_fs_writes_bytes_total
        container_network_receive_bytes_total container_network_transmit_bytes_total
    """,
    "kube-state-metrics": """
        kube_cronjob_status_last_successful_time
        kube_deployment_spec_replicas kube_deployment_status_replicas_ready
        kube_horizontalpodautoscaler_spec_max_replicas
        kube_horizontalpodautoscaler_spec_min_replicas
        kube_horizontalpodautoscaler_status_desired_replicas
        kube_job_owner kube_job_status_failed kube_job_status_start_time kube_job_status_succeeded
        kube_pod_container_info kube_pod_container_resource_limits
        kube_pod_container_status_restarts_total kube_pod_container_status_waiting_reason
        kube_pod_status_ready
        kube_statefulset_replicas kube_statefulset_status_replicas_ready
    """,
}


@dataclass(frozen=True)
class Catalog:
    """Labels by sample name, for what Weir exports; names of the rest; values that labels have."""

    own: dict[str, frozenset[str]]
    others: frozenset[str]
    words: frozenset[str]

    def knows(self, name: str) -> bool:
        """Whether there is a metric of this name."""
        return name in self.own or name in self.others

    def labels(self, name: str) -> frozenset[str] | None:
        """All labels that the metric may have; None if that is not known."""
        own = self.own.get(name)
        return None if own is None else own | TARGET


def read(recorded: frozenset[str]) -> Catalog:
    """Reads the reference; `recorded` are the names of recording rules."""
    text = REFERENCE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z0-9_]+)` \| (counter|gauge|histogram) \| ([^|]*)\|", text, re.M)
    own: dict[str, frozenset[str]] = {}
    for name, kind, labels in rows:
        suffixes = ("_bucket", "_sum", "_count") if kind == "histogram" else ("",)
        own |= {name + suffix: frozenset(re.findall(r"`(\w+)`", labels)) for suffix in suffixes}
    others = frozenset(" ".join(FOREIGN.values()).split()) | recorded
    return Catalog(own, others, frozenset(re.findall(r"`([\w.]+)`", text)))
