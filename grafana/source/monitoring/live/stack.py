"""What watches the host: Prometheus with the rules, and Alertmanager."""

import os
import subprocess
import sys
from pathlib import Path

import yaml

from monitoring.live import address
from monitoring.live.process import Process
from monitoring.live.prometheus import Alertmanager, Prometheus

# What is always resent; a minute would outlast the test's windows.
RESEND = "--rules.alert.resend-delay=2s"


class Stack:
    """The running programs."""

    def __init__(self, folder: Path, webhook: str, scale: float) -> None:
        """Writes the rules, with all times multiplied by `scale`."""
        self._folder = folder
        self._jobs: list[dict[str, object]] = []
        self._processes: list[Process] = []
        self._prometheus, self._alertmanager = address.free(2)
        self.prometheus = Prometheus(f"http://{self._prometheus}")
        self.alertmanager = Alertmanager(f"http://{self._alertmanager}")
        options = ["--output", folder, "--scale", str(scale), "--webhook", webhook]
        subprocess.run([sys.executable, "-m", "monitoring", *options], check=True, env=os.environ)
        self.scrape("prometheus", [self._prometheus], scrape_interval="5s")

    @property
    def storage(self) -> Path:
        """Where Prometheus keeps its series."""
        return self._folder / "tsdb"

    def scrape(self, name: str, targets: list[str], **settings: object) -> None:
        """Adds a job of Prometheus; before the start."""
        targeted = {"job_name": name, "static_configs": [{"targets": targets}]}
        self._jobs.append(targeted | settings)

    def write(self, name: str, document: object) -> Path:
        """Writes a configuration."""
        file = self._folder / name
        file.write_text(yaml.safe_dump(document), encoding="utf-8")
        return file

    def start(self) -> None:
        """Starts both and waits until they can be used, and what was run before."""
        folder = self._folder
        self.run(
            "prometheus-alertmanager",
            self._alertmanager,
            "/-/ready",
            "--cluster.listen-address=",
            f"--config.file={folder}/alerts/alertmanager.yml",
            f"--storage.path={folder}/alertmanager",
        )
        self.run(
            "prometheus",
            self._prometheus,
            "/-/ready",
            RESEND,
            f"--config.file={self.write('prometheus.yml', self._configuration())}",
            f"--storage.tsdb.path={self.storage}",
        )
        for process in self._processes:
            process.wait()

    def stop(self) -> None:
        """Stops all, the last started first."""
        for process in reversed(self._processes):
            process.stop()

    def run(self, program: str, listener: str, ready: str, *options: str) -> None:
        """Starts a program of Prometheus' family that listens there."""
        command = [program, f"--web.listen-address={listener}", *options]
        self._processes.append(Process(command, f"http://{listener}{ready}"))

    def _configuration(self) -> dict[str, object]:
        return {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [f"{self._folder}/alerts/*.rules.yml"],
            "alerting": {
                "alertmanagers": [{"static_configs": [{"targets": [self._alertmanager]}]}]
            },
            "scrape_configs": self._jobs,
        }
