"""What watches the host: Prometheus, Alertmanager, node-exporter and the blackbox exporter."""

import os
import subprocess
import sys
from pathlib import Path

import yaml

from monitoring.live import SCALE, address, cluster
from monitoring.live.host import Instance
from monitoring.live.process import Process
from monitoring.live.prometheus import Alertmanager, Prometheus, Span

# What a health check asks for.
PROBED = ("/backend/", "/backend/download_external_logs?env=development", "/data/")
PROBE_SECONDS = 2
# What is always resent; a minute would outlast the test's windows.
RESEND = "--rules.alert.resend-delay=2s"


class Stack:
    """The running programs."""

    def __init__(self, folder: Path, instances: list[Instance], webhook: str) -> None:
        """Writes configurations, and the series of a cluster."""
        self._folder = folder
        self._processes: list[Process] = []
        addresses = address.free(4)
        self._prometheus, self._alertmanager, self._node, self._blackbox = addresses
        self.prometheus = Prometheus(f"http://{self._prometheus}")
        self.alertmanager = Alertmanager(f"http://{self._alertmanager}")
        self._write_rules(webhook)
        self._write("prometheus.yml", self._scrapes(instances))
        module = {"prober": "http", "timeout": f"{PROBE_SECONDS}s"}
        self._write("blackbox.yml", {"modules": {"http_2xx": module}})
        self.past: Span = cluster.backfill(folder / "tsdb")

    def start(self) -> None:
        """Starts all and waits until they can be used."""
        self._run_all()
        for process in self._processes:
            process.wait()

    def stop(self) -> None:
        """Stops all, the last started first."""
        for process in reversed(self._processes):
            process.stop()

    def _run_all(self) -> None:
        folder = self._folder
        self._run(
            "prometheus-alertmanager",
            self._alertmanager,
            "/-/ready",
            "--cluster.listen-address=",
            f"--config.file={folder}/alerts/alertmanager.yml",
            f"--storage.path={folder}/alertmanager",
        )
        self._run("prometheus-node-exporter", self._node, "/")
        blackbox = f"--config.file={folder}/blackbox.yml"
        self._run("prometheus-blackbox-exporter", self._blackbox, "/-/healthy", blackbox)
        self._run(
            "prometheus",
            self._prometheus,
            "/-/ready",
            RESEND,
            f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/tsdb",
        )

    def _run(self, program: str, listener: str, ready: str, *options: str) -> None:
        command = [program, f"--web.listen-address={listener}", *options]
        self._processes.append(Process(command, f"http://{listener}{ready}"))

    def _write(self, name: str, document: object) -> None:
        (self._folder / name).write_text(yaml.safe_dump(document), encoding="utf-8")

    def _write_rules(self, webhook: str) -> None:
        options = ["--output", self._folder, "--scale", str(SCALE), "--webhook", webhook]
        subprocess.run([sys.executable, "-m", "monitoring", *options], check=True, env=os.environ)

    def _scrapes(self, instances: list[Instance]) -> dict[str, object]:
        def job(name: str, targets: list[str], **settings: object) -> dict[str, object]:
            return {"job_name": name, "static_configs": [{"targets": targets}], **settings}

        probes = [instances[0].url + path for path in PROBED]
        return {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [f"{self._folder}/alerts/*.rules.yml"],
            "alerting": {
                "alertmanagers": [{"static_configs": [{"targets": [self._alertmanager]}]}]
            },
            "scrape_configs": [
                job("weir", [instance.admin for instance in instances]),
                job("node", [self._node], scrape_interval="5s"),
                job("prometheus", [self._prometheus], scrape_interval="5s"),
                job("health-check", probes, **self._probing()),
            ],
        }

    def _probing(self) -> dict[str, object]:
        # As the blackbox exporter's own documentation has it: the target becomes a parameter.
        return {
            "metrics_path": "/probe",
            "params": {"module": ["http_2xx"]},
            "scrape_interval": "3s",
            "relabel_configs": [
                {"source_labels": ["__address__"], "target_label": "__param_target"},
                {"source_labels": ["__param_target"], "target_label": "instance"},
                {"target_label": "__address__", "replacement": self._blackbox},
            ],
        }
