"""What goes wrong with the machine itself, as far as that harms nobody else on it."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from monitoring.live.faults import TELL, Expected, Fault
from monitoring.live.report import Report

# Bytes of the disk, and the share that is filled.
DISK, FILLED = 16 << 20, 0.98
# Where the programs are that only root needs.
PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"


def faults(report: Report, held: ExitStack, folder: Path) -> list[Fault]:
    """Those that can be made here; `held` takes back what they need."""
    busy = Fault(
        "every CPU is in use",
        _every_cpu_busy,
        (Expected("NodeCpuHigh", TELL),),
        # The machine may be as busy without the test.
        ends=False,
    )
    place = folder / "disk"
    try:
        device = _mount(held, folder / "disk.img", place)
    except (OSError, subprocess.CalledProcessError) as error:
        # Only root may do that, and not in every container.
        report.note(f"did not run: a disk that fills up ({error})")
        return [busy]
    alert = Expected("NodeDiskNearFull", TELL, {"device": device})
    return [busy, Fault("a disk fills up", partial(_full, place), (alert,))]


def _mount(held: ExitStack, image: Path, place: Path) -> str:
    """Mounts a file as a disk; gives its device."""
    place.mkdir()
    with image.open("wb") as file:
        file.truncate(DISK)
    _run("mkfs.ext4", "-q", "-m", "0", image)
    device = _run("losetup", "--find", "--show", image)
    held.callback(_run, "losetup", "--detach", device)
    _run("mount", device, place)
    held.callback(_run, "umount", place)
    return device


def _run(*command: str | Path) -> str:
    done = subprocess.run(
        command, check=True, env=os.environ | {"PATH": PATH}, capture_output=True, text=True
    )
    return done.stdout.strip()


@contextmanager
def _every_cpu_busy() -> Iterator[None]:
    # Nobody else waits for them: they have the lowest priority.
    command = ["nice", "-n", "19", "sh", "-c", "while :; do :; done"]
    busy = [subprocess.Popen(command) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


@contextmanager
def _full(place: Path) -> Iterator[None]:
    """A disk that is nearly full."""
    filling = place / "filling"
    filling.write_bytes(b"x" * int(shutil.disk_usage(place).free * FILLED))
    try:
        yield
    finally:
        filling.unlink()
