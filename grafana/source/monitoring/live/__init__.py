"""The test on a live stack: real faults make every alert fire, and every panel finds its data.

Problem: rules that are right for series written by hand can still never fire, because a metric has
another name, a label is missing, or a notification goes nowhere.

Mechanism: the host, Prometheus, Alertmanager, node-exporter and the blackbox exporter run as they
are, on free ports and in a folder that is removed afterwards. Visitors make requests; faults are
put in and taken away. Alerts are looked for in Alertmanager and in what its webhook was sent. In
the end every expression of every dashboard is asked.

Alerts about the machine: NodeDiskNearFull is seen on a small disk of the test's own, NodeCpuHigh
with every CPU in use, CertificateExpiry with a certificate of the host that ends soon.
NodeMemoryHigh is left to `grafana/alerts/tests`, since a machine without memory ends other programs
too.

Before that the host's counts are compared with its clients'; see `truth`.

Limits: all times of the rules are scaled by `SCALE`, the expressions are the same. cAdvisor and
kube-state-metrics cannot run without a cluster; series in their shape are written into Prometheus'
storage before it starts, and only expressions of nothing but their metrics are asked of those.

Cost: about three minutes on two cores, most of it waiting for windows to pass.
"""

# An hour becomes a minute.
SCALE = 0.0167
