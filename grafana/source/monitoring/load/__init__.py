"""The load test: one replica that becomes unresponsive, three that carry more.

Problem: that replicas help is easily said. How much one carries, when somebody is told, and what
three carry can only be measured.

Mechanism: one replica of the host is given a limit of requests in flight. Requests come through
haproxy at a rate that rises, whether or not earlier ones are answered, as those of many clients do.
Beyond what the replica can do they queue up, until the alert Unresponsive fires. Then two replicas
more are started behind the same proxy, the alert ends, and the rate rises again. The report is made
of what Prometheus has seen and of what the clients have measured.

Limits: on one machine three processes have no more CPU than one. So the component is one that
waits, as those do that spend their time on databases and other services: the limit is not the
machine's but the requests in flight. All times of the rules are multiplied by `SCALE`.

Cost: about three minutes, and hardly any CPU.
"""

# Two minutes become ten seconds.
SCALE = 1 / 12
