"""Panels about machines, by node-exporter."""

from monitoring.dashboards.panel import ORANGE, RED, Panel, rows, series
from monitoring.dashboards.query import Query
from monitoring.objectives import Objectives

CHOSEN = 'instance=~"$node"'
# In Kubernetes a scrape may add the node's name; elsewhere the label is empty.
BY = "instance, node"
NAME = "{{node}} {{instance}}"
DISKS = f'{CHOSEN}, fstype!~"tmpfs|ramfs|overlay|squashfs|iso9660|fuse.*"'


def panels(objectives: Objectives) -> list[Panel]:
    """CPU, load, memory, disk and network I/O."""
    cpu = "node_cpu_seconds_total"
    idle = f'rate({cpu}{{{CHOSEN}, mode="idle"}}[$__rate_interval])'
    busy = f'rate({cpu}{{{CHOSEN}, mode!="idle"}}[$__rate_interval])'
    available, whole = "node_memory_MemAvailable_bytes", "node_memory_MemTotal_bytes"
    return [
        series(
            "CPU of nodes",
            "The share of all cores that is in use.",
            Query(f"1 - avg by ({BY}) ({idle})", NAME),
            unit="percentunit",
            width=8,
            top=1,
            steps=((objectives.cpu, ORANGE),),
        ),
        series(
            "CPU by mode",
            "Cores in use, by what for.",
            Query(f"sum by (mode) ({busy})", "{{mode}}"),
            stacked=True,
            width=8,
        ),
        series(
            "Load",
            "Processes that run or wait, averaged over 5 minutes.",
            Query(f"sum by ({BY}) (node_load5{{{CHOSEN}}})", NAME),
            width=8,
        ),
        series(
            "Memory of nodes",
            "The share of memory that is in use and cannot be given to others.",
            Query(f"1 - {available}{{{CHOSEN}}} / {whole}{{{CHOSEN}}}", NAME),
            unit="percentunit",
            width=8,
            top=1,
            steps=((objectives.memory, RED),),
        ),
        series(
            "Disk I/O",
            "Bytes a second, read and written.",
            Query(_rate("node_disk_read_bytes_total"), f"{NAME} read"),
            Query(_rate("node_disk_written_bytes_total"), f"{NAME} written"),
            unit="Bps",
            width=8,
        ),
        series(
            "Disks busy",
            "The share of time in which a disk has something to do.",
            Query(
                f"rate(node_disk_io_time_seconds_total{{{CHOSEN}}}[$__rate_interval])",
                f"{NAME} {{{{device}}}}",
            ),
            unit="percentunit",
            width=8,
        ),
        series(
            "Network of nodes",
            "Bytes a second, received and sent.",
            Query(_rate("node_network_receive_bytes_total"), f"{NAME} received"),
            Query(_rate("node_network_transmit_bytes_total"), f"{NAME} sent"),
            unit="Bps",
            width=8,
        ),
    ]


def storage(objectives: Objectives) -> list[Panel]:
    """What is left on file systems."""
    device = "instance, node, device"
    available = f"min by ({device}) (node_filesystem_avail_bytes{{{DISKS}}})"
    size = f"max by ({device}) (node_filesystem_size_bytes{{{DISKS}}})"
    inodes = f"min by ({device}) (node_filesystem_files_free{{{DISKS}}})"
    name = f"{NAME} {{{{device}}}}"
    return [
        series(
            "Available storage",
            "Bytes that can still be written.",
            Query(available, name),
            unit="bytes",
            width=8,
        ),
        series(
            "Storage in use",
            "The share of a file system that is in use.",
            Query(f"1 - {available} / {size}", name),
            unit="percentunit",
            width=8,
            top=1,
            steps=((objectives.disk, RED),),
        ),
        rows(
            "File systems",
            "Each file system now.",
            {
                "Size": (Query(size, instant=True), "bytes"),
                "Available": (Query(available, instant=True), "bytes"),
                "Files left": (Query(inodes, instant=True), "short"),
            },
            ["instance", "device"],
            width=8,
        ),
    ]


def _rate(metric: str) -> str:
    return f"sum by ({BY}) (rate({metric}{{{CHOSEN}}}[$__rate_interval]))"
