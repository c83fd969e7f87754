"""The machines below, and certificates: optional, since many clusters have alerts for them."""

from monitoring.alerts.rule import Alert, Context, Group

DASHBOARD = "/d/weir-kubernetes"
# What is not a disk, or cannot fill up.
FILESYSTEMS = 'fstype!~"tmpfs|ramfs|overlay|squashfs|iso9660|fuse.*"'
DAY = 86400


def group(context: Context) -> Group:
    """The group."""
    rules = (_disk(context), _memory(context), _cpu(context), _certificate(context))
    return Group("weir-node", rules)


def _disk(context: Context) -> Alert:
    return Alert(
        name="NodeDiskNearFull",
        expr=f"""
        1 - min by (job, instance, node, device) (
          node_filesystem_avail_bytes{{{FILESYSTEMS}}} / node_filesystem_size_bytes{{{FILESYSTEMS}}}
          and node_filesystem_readonly{{{FILESYSTEMS}}} == 0
        ) > {context.objectives.disk:g}
        """,
        wait=context.wait("10m"),
        severity="warning",
        summary="A disk of {{ $labels.instance }} is nearly full",
        description=(
            "{{ $labels.device }} of {{ $labels.instance }} is {{ $value | humanizePercentage }} "
            "full. A full disk makes stores and log directories refuse writes."
        ),
        runbook=context.runbook("node-disk-near-full"),
        dashboard=DASHBOARD,
    )


def _memory(context: Context) -> Alert:
    return Alert(
        name="NodeMemoryHigh",
        expr=f"""
        1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes
        > {context.objectives.memory:g}
        """,
        wait=context.wait("10m"),
        severity="warning",
        summary="{{ $labels.instance }} is short of memory",
        description=(
            "{{ $value | humanizePercentage }} of the memory of {{ $labels.instance }} is in use. "
            "The kernel ends processes when there is none left."
        ),
        runbook=context.runbook("node-memory-high"),
        dashboard=DASHBOARD,
    )


def _cpu(context: Context) -> Alert:
    window = context.window("5m")
    return Alert(
        name="NodeCpuHigh",
        expr=f"""
        1 - avg by (job, instance, node) (rate(node_cpu_seconds_total{{mode="idle"}}[{window}]))
        > {context.objectives.cpu:g}
        """,
        wait=context.wait("15m"),
        severity="warning",
        summary="{{ $labels.instance }} has no CPU left",
        description=(
            "{{ $value | humanizePercentage }} of the CPUs of {{ $labels.instance }} is in use."
        ),
        runbook=context.runbook("node-cpu-high"),
        dashboard=DASHBOARD,
    )


def _certificate(context: Context) -> Alert:
    days = context.objectives.certificate_days
    return Alert(
        name="CertificateExpiry",
        expr=f"""
        weir_tls_certificate_expiry_timestamp_seconds - time() < {days} * {DAY}
        or
        probe_ssl_earliest_cert_expiry - time() < {days} * {DAY}
        """,
        wait=context.wait("10m"),
        severity="warning",
        summary="A certificate of {{ $labels.instance }} expires soon",
        description=(
            "A certificate of {{ $labels.instance }} {{ $labels.listener }} expires in {{ $value | "
            "humanizeDuration }}. After that clients refuse to connect."
        ),
        runbook=context.runbook("certificate-expiry"),
        dashboard="/d/weir-host",
    )
