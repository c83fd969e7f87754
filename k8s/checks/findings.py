"""Scans rendered objects and the Dockerfile with trivy and checkov, and fails on what matters.

Usage: findings.py FOLDER DOCKERFILE TRIVY CHECKOV

FOLDER has a file of objects for each shape. accepted.yaml says what is meant to be so.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import yaml


def run(*command):
    """The JSON that a scanner prints; its exit status says only that there are findings."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError:
        sys.exit(f"{command[0]} gave no JSON: {done.stderr}")


def trivy(binary, target):
    """Findings of severity high and above, as (rule, object, text)."""
    report = run(
        binary, "config", "--quiet", "--skip-check-update", "--format=json",
        "--severity=HIGH,CRITICAL", str(target),
    )  # fmt: skip
    if not report.get("Results"):
        sys.exit(f"trivy scanned nothing in {target}")
    for result in report["Results"]:
        for found in result.get("Misconfigurations", []):
            kind, name = re.match(
                r"(?:Container '\S+' of )?(\S+) '?([\w.-]+)'?", found["Message"]
            ).groups()
            kind = {"daemonset": "DaemonSet"}.get(kind, kind)
            shape = Path(result["Target"]).stem
            yield found["ID"], f"{shape}: {kind}/{name}", found["Message"]


def checkov(binary, framework, *target):
    """Failed checks of every severity, as (rule, object, text)."""
    report = run(
        binary, *target, f"--framework={framework}", "--skip-download", "--quiet", "--compact",
        "--output=json",
    )  # fmt: skip
    if not report["summary"]["passed"] or report["summary"]["parsing_errors"]:
        sys.exit(f"checkov could not scan {target}")
    for found in report["results"]["failed_checks"]:
        shape = Path(found["file_path"]).stem
        kind, name = (found["resource"].split(".") + [""] * 2)[0:3:2]
        yield found["check_id"], f"{shape}: {kind}/{name}", found["check_name"]


def main():
    folder, dockerfile, trivy_binary, checkov_binary = sys.argv[1:]
    lists = yaml.safe_load(Path(__file__).with_name("accepted.yaml").read_text())
    unused = {(entry["rule"], entry["object"]) for entry in lists["accepted"] if entry["reason"]}
    findings = [
        *trivy(trivy_binary, folder),
        *trivy(trivy_binary, dockerfile),
        *checkov(checkov_binary, "kubernetes", "--directory", folder),
        *checkov(checkov_binary, "dockerfile", "--file", dockerfile),
    ]
    wrong = []
    for rule, thing, text in findings:
        if (rule, thing) in unused:
            unused.discard((rule, thing))
        elif rule not in lists["checkov-low"]:
            wrong.append(f"{rule} {thing}: {text}")
    wrong += [f"accepted.yaml: nothing needs {rule} {thing}" for rule, thing in sorted(unused)]
    print(*wrong, sep="\n", end="\n" if wrong else "")
    sys.exit(bool(wrong))


main()
