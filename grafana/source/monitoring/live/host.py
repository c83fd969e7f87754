"""The host under test: the app of spin.toml beside components that fail, in two instances."""

import json
import resource
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

from monitoring.live import address, certificate
from monitoring.live.process import KEPT, Process

ROOT = Path(__file__).parents[4]
HERE = Path(__file__).parent
GUESTS = ROOT / "host/tests/guests/target/wasm32-wasip2/release"
# Compiled components are kept from one run to the next.
CACHE = ROOT / "target/monitoring/compiled"
# Bytes of a log directory that one visitor fills quickly, and many more.
LITTLE, PLENTY = "64 KiB", "64 MiB"
VALID, EXPIRING = 90, 3


@dataclass
class App:
    """The app of spin.toml with values for its variables, in a folder of the test's own."""

    folder: Path
    variables: dict[str, str]

    def __post_init__(self) -> None:
        """Writes the manifest."""
        text = (ROOT / "spin.toml").read_text(encoding="utf-8")
        self.manifest.write_text(text + self.added(), encoding="utf-8")
        CACHE.mkdir(mode=0o700, parents=True, exist_ok=True)

    @property
    def manifest(self) -> Path:
        """The manifest."""
        return self.folder / "spin.toml"

    def added(self) -> str:
        """What is added to spin.toml."""
        return ""


class FaultyApp(App):
    """The same with components that fail, one of which has code that can be replaced."""

    def __init__(self, folder: Path, upstream: str) -> None:
        """Writes the files; external logs come from `upstream`."""
        variables = {"external_logs_url": upstream, "processing_seconds": "0.1"}
        super().__init__(folder, variables)
        self.replace()

    @property
    def replaced(self) -> Path:
        """The code of the component that is replaced."""
        return self.folder / "replaced.wasm"

    def added(self) -> str:
        """The components that fail."""
        own = Template((HERE / "components.toml").read_text(encoding="utf-8"))
        return "\n" + own.substitute(replaced=self.replaced)

    def replace(self, guest: str = "p3_hello") -> None:
        """Puts code there that can be loaded: a guest of the host's tests."""
        shutil.copyfile(GUESTS / f"{guest}.wasm", self.replaced)

    def spoil(self) -> None:
        """Puts something there that is no code."""
        self.replaced.write_bytes(b"#!/bin/sh\n")


@dataclass
class Instance:
    """One process of the host. It keeps its addresses when it is started again."""

    app: App
    name: str
    binary: Path
    # How it is configured: a file with names in braces, which `configure` fills in.
    template: Path = HERE / "weir.toml"
    # Lines of its log that are kept; None keeps all.
    kept: int | None = KEPT
    plain: str = ""
    tls: str = ""
    admin: str = ""
    process: Process | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        """Chooses addresses and writes a configuration."""
        self.plain, self.tls, self.admin = address.free(3)
        self.folder = self.app.folder / self.name
        self.folder.mkdir()
        self.certify(VALID)
        self.configure(LITTLE)

    @property
    def url(self) -> str:
        """Where it serves without TLS."""
        return f"http://{self.plain}"

    def certify(self, days: int) -> None:
        """Gives its TLS listener a certificate that is valid for so long."""
        certificate.write(self.folder / "tls.crt", self.folder / "tls.key", days)

    def configure(self, log_bytes: str) -> None:
        """Writes weir.toml; `log_bytes` is the quota of the component that fills its log."""
        template = Template(self.template.read_text(encoding="utf-8"))
        text = template.substitute(
            plain=self.plain,
            tls=self.tls,
            admin=self.admin,
            certificate=self.folder / "tls.crt",
            key=self.folder / "tls.key",
            cache=CACHE,
            state=self.folder / "state",
            log_bytes=log_bytes,
        )
        (self.folder / "weir.toml").write_text(text, encoding="utf-8")

    def start(self) -> None:
        """Starts it; `process.wait` waits until it serves."""
        command = [str(self.binary), "up", "--from", str(self.app.manifest)]
        command += ["--app-dir", str(ROOT), "--config", str(self.folder / "weir.toml")]
        for name, value in self.app.variables.items():
            command += ["--variable", f"{name}={value}"]
        self.process = Process(command, f"http://{self.admin}/readyz", self.kept)

    def stop(self) -> None:
        """Ends it, if it runs."""
        if self.process:
            self.process.stop()
            self.process = None

    def scrape(self) -> str:
        """Its metrics as it tells them."""
        status, body = address.ask(f"http://{self.admin}/metrics")
        if status != 200:
            raise RuntimeError(f"{self.name} does not tell its metrics")
        return body.decode()

    def reload(self) -> dict[str, str]:
        """Has it load what changed; gives the reasons of what could not be, by component."""
        url, headers = f"http://{self.admin}/reload", {"weir-admin": "1"}
        _, body = address.ask(url, "POST", b"", headers)
        return json.loads(body).get("failed", {})

    def limit_files(self, size: int) -> None:
        """Makes writes beyond that offset of a file fail, as they do on a full disk."""
        limits = (size, resource.RLIM_INFINITY)
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, limits)
