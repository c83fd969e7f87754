"""haproxy, which gives each request to the replica with the fewest, of those that are ready."""

from pathlib import Path

from monitoring.live import address
from monitoring.live.host import Instance
from monitoring.live.process import Process

SETTINGS = """\
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  # A replica of a busy machine may take longer than usual to say that it is ready.
  timeout check 5s
  # What failed stays failed, so that the clients see it.
  retries 0
frontend clients
  bind {address}
  default_backend replicas
frontend state
  bind {state}
  monitor-uri /
backend replicas
  balance leastconn
  option httpchk GET /readyz
"""
SERVER = "  server {name} {address} check port {port} inter 200ms fall 1 rise 1\n"


class Proxy:
    """The running proxy; a replica that is not there yet gets requests once it is ready."""

    def __init__(self, folder: Path, replicas: list[Instance]) -> None:
        """Starts it."""
        self.address, state = address.free(2)
        text = SETTINGS.format(address=self.address, state=state)
        for replica in replicas:
            port = replica.admin.rpartition(":")[2]
            text += SERVER.format(name=replica.name, address=replica.plain, port=port)
        file = folder / "haproxy.cfg"
        file.write_text(text, encoding="utf-8")
        self.process = Process(["haproxy", "-db", "-f", str(file)], f"http://{state}/")
