"""Asserts who may talk to whom under the NetworkPolicies of the chart.

Usage: policies.py SHAPES, a folder of rendered objects for each shape

kube-netpol decides; it does not know the names of namespaces, so what a selector of namespaces
says about a flow is put in place of the selector first.
"""

import sys
from pathlib import Path

import yaml
from kube_netpol.analyzers.simulator import simulate_traffic
from kube_netpol.models import TrafficFlow, TrafficVerdict
from kube_netpol.parser import parse_manifests

# Shape, from, to, port, whether it is let through. A pod is namespace/name as the manifests have
# it; any other name is a stranger in that namespace.
# fmt: off
FLOWS = [
    ("one-pod", "ingress/traefik", "weir/weir", 5000, True),
    ("one-pod", "weir/stranger", "weir/weir", 5002, True),
    ("one-pod", "default/stranger", "weir/weir", 5000, False),
    ("one-pod", "monitoring/prometheus", "weir/weir", 9464, True),
    ("one-pod", "ingress/traefik", "weir/weir", 9464, False),
    ("one-pod", "weir/stranger", "weir/weir", 9464, False),
    ("one-pod", "monitoring/prometheus", "weir/weir", 5000, False),
    ("one-pod", "weir/weir", "default/stranger", 443, False),
    ("one-pod", "weir/weir", "kube-system/coredns", 53, False),
    ("replicated", "weir/weir", "weir/weir-redis", 6379, True),
    ("replicated", "weir/stranger", "weir/weir-redis", 6379, False),
    ("replicated", "monitoring/prometheus", "weir/weir-redis", 6379, False),
    ("replicated", "weir/weir-redis", "default/stranger", 443, False),
    ("replicated", "weir/weir", "kube-system/coredns", 53, True),
    ("replicated", "weir/weir", "default/stranger", 443, False),
    ("redis-elsewhere", "weir/weir", "default/stranger", 6380, True),
    ("redis-elsewhere", "weir/weir", "default/stranger", 6379, False),
    ("redis-elsewhere", "weir/weir", "default/stranger", 443, False),
    ("per-service", "health-namespace/health-weir-health-check", "backend-namespace/backend-api", 5002, True),
    ("per-service", "health-namespace/health-weir-health-check", "data-namespace/data-api", 5001, True),
    ("per-service", "health-namespace/health-weir-health-check", "storage-namespace/storage-api", 5000, False),
    ("per-service", "health-namespace/health-weir-health-check", "backend-namespace/backend-api", 9464, False),
    ("per-service", "backend-namespace/backend-api", "storage-namespace/storage-api", 5000, False),
    ("per-service", "data-namespace/data-api", "backend-namespace/backend-api", 5002, False),
    ("per-service", "monitoring/prometheus", "data-namespace/data-api", 9464, True),
]
# fmt: on


def pods(folder):
    """Labels of the pods that the objects of a folder make, by namespace/name."""
    found = {}
    for path in sorted(folder.glob("*.yaml")):
        for thing in filter(None, yaml.safe_load_all(path.read_text())):
            spec = thing.get("spec", {})
            spec = spec.get("jobTemplate", {}).get("spec", spec)
            if "template" in spec:
                name = f"{thing['metadata']['namespace']}/{thing['metadata']['name']}"
                found[name] = spec["template"]["metadata"]["labels"]
    return found


def selects(selector, labels):
    """Whether a label selector matches."""
    for key, value in selector.get("matchLabels", {}).items():
        if labels.get(key) != value:
            return False
    for rule in selector.get("matchExpressions", []):
        values, has = rule.get("values", []), rule["key"] in labels
        if not {
            "In": labels.get(rule["key"]) in values,
            "NotIn": labels.get(rule["key"]) not in values,
            "Exists": has,
            "DoesNotExist": not has,
        }[rule["operator"]]:
            return False
    return True


def resolve(policies, namespaces):
    """Puts peers' namespace selectors as they are for the namespace at the other end of a flow."""
    for policy in policies:
        for rules, side in ((policy.ingress_rules, "from"), (policy.egress_rules, "to")):
            for rule in list(rules):
                kept = []
                for peer in rule[side]:
                    selector = peer.get("namespaceSelector")
                    if selector is not None:
                        name = {"kubernetes.io/metadata.name": namespaces[side]}
                        if not selects(selector, name):
                            continue
                        peer = peer | {"namespaceSelector": {}}
                    kept.append(peer)
                rule[side] = kept
                if not kept:
                    rules.remove(rule)


def let_through(folder, source, target, port):
    """What kube-netpol says of a flow."""
    known = pods(folder)
    (source_namespace, _), (target_namespace, _) = source.split("/"), target.split("/")
    for name in (source, target):
        namespaced = {known_name.split("/")[0] for known_name in known}
        if name not in known and name.split("/")[0] in namespaced and "stranger" not in name:
            sys.exit(f"{folder}: there is no pod {name}")
    policies, _ = parse_manifests(str(folder))
    resolve(policies, {"from": source_namespace, "to": target_namespace})
    flow = TrafficFlow(
        source_pod=source,
        source_namespace=source_namespace,
        source_labels=known.get(source, {}),
        dest_pod=target,
        dest_namespace=target_namespace,
        dest_labels=known.get(target, {}),
        port=port,
        protocol="UDP" if port == 53 else "TCP",
    )
    return simulate_traffic(policies, [flow])[0].verdict == TrafficVerdict.ALLOW


def main():
    manifests = Path(sys.argv[1])
    wrong = [
        f"{shape}: {source} to {target} at {port} is {'refused' if allowed else 'let through'}"
        for shape, source, target, port, allowed in FLOWS
        if let_through(manifests / shape, source, target, port) != allowed
    ]
    print(*wrong, sep="\n", end="\n" if wrong else "")
    sys.exit(bool(wrong))


main()
