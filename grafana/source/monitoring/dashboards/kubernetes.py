"""Kubernetes and nodes: containers, pods and the machines below.

Of cAdvisor, kube-state-metrics, node-exporter and the blackbox exporter. The row of a container
is repeated for each that is chosen, so that for `backend-api` and `data-api` it shows what users of
those services have always asked for.
"""

from grafana_foundation_sdk.models.dashboard import Dashboard, VariableOption

from monitoring.dashboards import node
from monitoring.dashboards.board import Board
from monitoring.dashboards.panel import ORANGE, RED, Panel, number, series
from monitoring.dashboards.query import Query, total
from monitoring.dashboards.variable import choices, listed
from monitoring.objectives import Objectives

PODS = 'namespace=~"$namespace", container=~"$container"'
ONE = 'container="$container"'
# What is chosen at first, as far as it is there: the names that Weir's charts give.
SERVICES = ["weir", "storage-api", "backend-api", "data-api"]


def build(objectives: Objectives, alerts: list[str]) -> Dashboard:
    """The dashboard; it has no marks of alerts, which are about services."""
    del alerts
    about = "Containers, pods and nodes: CPU, memory, disks, and the health check."
    board = Board("weir-kubernetes", "Weir: Kubernetes and nodes", about)
    namespace = "label_values(kube_pod_container_info, namespace)"
    container = 'label_values(kube_pod_container_info{namespace=~"$namespace"}, container)'
    board.variables(
        choices("namespace", "Namespace", namespace),
        listed("container", "Container", container).current(_services()),
        choices("node", "Node", "label_values(node_uname_info, instance)"),
    )
    board.row("Now", *_now(objectives))
    board.row("Container $container", *_container(), repeat="container")
    board.row("Pods", *_pods())
    board.row("Disks and network of containers", *_disks())
    board.row("Nodes", *node.panels(objectives))
    board.row("Available storage", *node.storage(objectives))
    return board.build()


def _services() -> VariableOption:
    return VariableOption(text=SERVICES, value=SERVICES, selected=True)


def _now(objectives: Objectives) -> list[Panel]:
    waiting = "kube_pod_container_status_waiting_reason"
    health = objectives.health_check
    passed = f'time() - max(kube_cronjob_status_last_successful_time{{cronjob=~"{health}"}})'
    return [
        number(
            "Ready pods",
            "Pods that may get traffic.",
            Query('sum(kube_pod_status_ready{namespace=~"$namespace", condition="true"})'),
        ),
        number(
            "Waiting containers",
            "Containers that cannot start, such as CrashLoopBackOff or ImagePullBackOff.",
            Query(f"sum({waiting}{{{PODS}}}) or vector(0)"),
            steps=((1, RED),),
        ),
        number(
            "Restarts",
            "Of containers, in the time shown.",
            Query(f"sum(increase(kube_pod_container_status_restarts_total{{{PODS}}}[$__range]))"),
            steps=((1, ORANGE),),
            decimals=0,
        ),
        number(
            "Last health check passed",
            "How long ago. It runs every two minutes.",
            Query(passed),
            "s",
            steps=((300, ORANGE), (900, RED)),
        ),
        number(
            "Probes that fail",
            "Of the blackbox exporter, where it asks instead of a CronJob.",
            Query(f'count(probe_success{{job=~"{health}"}} == 0) or vector(0)'),
            steps=((1, RED),),
        ),
    ]


def _container() -> list[Panel]:
    cpu, memory = "container_cpu_usage_seconds_total", "container_memory_usage_bytes"
    panels: list[Panel] = []
    for level in ("pod", "node"):
        name = f"{{{{{level}}}}}"
        panels.append(
            series(
                f"CPU by {level}",
                "Cores in use.",
                Query(f"sum(rate({cpu}{{{ONE}}}[5m])) by ({level})", name),
                width=6,
            )
        )
        panels.append(
            series(
                f"Memory by {level}",
                "Memory in use, caches of files included.",
                Query(f"sum({memory}{{{ONE}}}) by ({level})", name),
                unit="bytes",
                width=6,
            )
        )
    return panels


def _pods() -> list[Panel]:
    pod = "namespace, pod, container"

    def limit(resource: str) -> str:
        metric = "kube_pod_container_resource_limits"
        return f'max by ({pod}) ({metric}{{{PODS}, resource="{resource}"}})'

    cpu = f"sum by ({pod}) (rate(container_cpu_usage_seconds_total{{{PODS}}}[5m]))"
    memory = f"sum by ({pod}) (container_memory_working_set_bytes{{{PODS}}})"
    throttled = f"sum by ({pod}) (rate(container_cpu_cfs_throttled_periods_total{{{PODS}}}[5m]))"
    periods = f"sum by ({pod}) (rate(container_cpu_cfs_periods_total{{{PODS}}}[5m]))"
    restarts = f"kube_pod_container_status_restarts_total{{{PODS}}}"
    name = "{{pod}} {{container}}"
    return [
        series(
            "CPU of limit",
            "How much of its limit a container uses. At 1 it is throttled.",
            Query(f"{cpu} / on ({pod}) {limit('cpu')}", name),
            unit="percentunit",
            width=6,
            steps=((0.9, ORANGE),),
        ),
        series(
            "Throttled",
            "The share of the scheduler's periods in which a container was held back.",
            Query(f"{throttled} / on ({pod}) {periods}", name),
            unit="percentunit",
            width=6,
        ),
        series(
            "Memory of limit",
            "Memory that the kernel cannot take back, of the limit. At 1 the container is ended.",
            Query(f"{memory} / on ({pod}) {limit('memory')}", name),
            unit="percentunit",
            width=6,
            steps=((0.9, RED),),
        ),
        series(
            "Restarts",
            "Restarts of containers in the last 5 minutes.",
            Query(f"sum by ({pod}) (increase({restarts}[5m]))", name),
            width=6,
        ),
        series(
            "Replicas",
            "Pods that are ready, and those that are wanted.",
            *_replicas(),
            width=8,
        ),
        series(
            "Autoscaling",
            "Replicas that a HorizontalPodAutoscaler wants, and its bounds.",
            *_autoscaling(),
            width=8,
        ),
        series(
            "Health check",
            "Jobs of the CronJob that failed and that passed, among those that are kept.",
            Query("sum by (namespace) (kube_job_status_failed)", "{{namespace}} failed"),
            Query("sum by (namespace) (kube_job_status_succeeded)", "{{namespace}} passed"),
            width=8,
        ),
    ]


def _replicas() -> list[Query]:
    space = '{namespace=~"$namespace"}'
    return [
        Query(f"kube_deployment_status_replicas_ready{space}", "{{deployment}} ready"),
        Query(f"kube_deployment_spec_replicas{space}", "{{deployment}} wanted"),
        Query(f"kube_statefulset_status_replicas_ready{space}", "{{statefulset}} ready"),
        Query(f"kube_statefulset_replicas{space}", "{{statefulset}} wanted"),
    ]


def _autoscaling() -> list[Query]:
    space, name = '{namespace=~"$namespace"}', "{{horizontalpodautoscaler}}"
    metric = "kube_horizontalpodautoscaler"
    return [
        Query(f"{metric}_status_desired_replicas{space}", f"{name} wanted"),
        Query(f"{metric}_spec_min_replicas{space}", f"{name} least"),
        Query(f"{metric}_spec_max_replicas{space}", f"{name} most"),
    ]


def _disks() -> list[Panel]:
    received = total(
        "pod", 'rate(container_network_receive_bytes_total{namespace=~"$namespace"}[5m])'
    )
    sent = total("pod", 'rate(container_network_transmit_bytes_total{namespace=~"$namespace"}[5m])')
    return [
        series(
            "Reads by container",
            "Bytes a second from disks.",
            Query("sum(rate(container_fs_reads_bytes_total[5m])) by (container)", "{{container}}"),
            unit="Bps",
            width=8,
        ),
        series(
            "Writes by container",
            "Bytes a second to disks.",
            Query("sum(rate(container_fs_writes_bytes_total[5m])) by (container)", "{{container}}"),
            unit="Bps",
            width=8,
        ),
        series(
            "Network by pod",
            "Bytes a second that pods receive and send.",
            Query(received, "{{pod}} received"),
            Query(sent, "{{pod}} sent"),
            unit="Bps",
            width=8,
        ),
    ]
