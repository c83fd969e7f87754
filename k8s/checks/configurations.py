"""Has `weir check` read every spin.toml and weir.toml that the chart renders.

Usage: configurations.py FOLDER WEIR ROOT

FOLDER has a file of objects for each shape. The image's own weir.toml must have the listeners that
the chart's has for one pod.
"""

import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import yaml


def objects(path, kinds):
    """The objects of these kinds in a file."""
    return [
        thing for thing in yaml.safe_load_all(path.read_text()) if thing and thing["kind"] in kinds
    ]


def refused(weir, root, files, arguments):
    """What `weir check` has against the files, or nothing."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            # The volumes of a pod are not here, nor are its certificates.
            text = re.sub(r'^(directory|root) = "', rf"\g<0>{folder}", text, flags=re.MULTILINE)
            text = re.sub(r"^tls = .*\n", "", text, flags=re.MULTILINE)
            Path(folder, name).write_text(text)
        done = subprocess.run(
            [weir, "check", f"--from={folder}/spin.toml", f"--config={folder}/weir.toml",
             f"--app-dir={root}", *arguments],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.stderr if done.returncode else ""


def listeners(text):
    """What a weir.toml says about listeners, but for who may read metrics."""
    return [listener | {"metrics": None} for listener in tomllib.loads(text)["listener"]]


def main():
    folder, weir, root = Path(sys.argv[1]), *sys.argv[2:]
    wrong, seen = [], {}
    for path in sorted(folder.glob("*.yaml")):
        maps = [thing for thing in objects(path, ["ConfigMap"]) if "weir.toml" in thing["data"]]
        for files in (thing["data"] for thing in maps):
            seen[path.stem] = files
            [server] = [
                thing
                for thing in objects(path, ["StatefulSet", "Deployment"])
                if thing["spec"]["selector"]["matchLabels"]["app.kubernetes.io/component"]
                == "server"
            ]
            arguments = server["spec"]["template"]["spec"]["containers"][0]["args"]
            selected = [one for one in arguments if one.startswith("--component-id")]
            if problem := refused(weir, root, files, selected):
                wrong.append(f"{path.stem}: {problem}")
    image = Path(root, "k8s/config/weir.toml").read_text()
    if listeners(image) != listeners(seen["one-pod"]["weir.toml"]):
        wrong.append("k8s/config/weir.toml has other listeners than the chart's")
    print(*wrong, sep="\n", end="\n" if wrong else "")
    sys.exit(bool(wrong))


main()
