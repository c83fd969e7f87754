"""Reads objectives.toml: what is expected of the services, and from when on a person is told."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).parents[2] / "objectives.toml"


@dataclass(frozen=True)
class RouteLimit:
    """The limit of the 99th percentile of one route, in seconds."""

    component: str
    http_route: str
    seconds: float


@dataclass(frozen=True)
class Objectives:
    """The file's settings. Shares are between 0 and 1, times in seconds."""

    runbooks: str
    availability: float
    failed_requests: int
    unresponsive_requests: int
    unresponsive_seconds: float
    latency_seconds: float
    latency_routes: tuple[RouteLimit, ...]
    failures: int
    rejected: float
    log_directory: float
    health_check: str
    disk: float
    memory: float
    cpu: float
    certificate_days: int
    webhook: str

    @property
    def error_budget(self) -> float:
        """The share of requests that may fail."""
        return round(1 - self.availability, 9)


def read(file: Path = FILE) -> Objectives:
    """Reads the file; a key that is missing is a KeyError with its name."""
    settings = tomllib.loads(file.read_text(encoding="utf-8"))
    latency, node = settings["latency"], settings["node"]
    return Objectives(
        runbooks=settings["runbooks"],
        availability=settings["availability"]["objective"],
        failed_requests=settings["availability"]["failed_requests"],
        unresponsive_requests=settings["unresponsive"]["requests"],
        unresponsive_seconds=settings["unresponsive"]["seconds"],
        latency_seconds=latency["seconds"],
        latency_routes=tuple(RouteLimit(**route) for route in latency["route"]),
        failures=settings["component"]["failures"],
        rejected=settings["component"]["rejected"],
        log_directory=settings["storage"]["log_directory"],
        health_check=settings["health_check"]["name"],
        disk=node["disk"],
        memory=node["memory"],
        cpu=node["cpu"],
        certificate_days=node["certificate_days"],
        webhook=settings["alertmanager"]["webhook"],
    )
