"""Whether links between the pages about monitoring lead somewhere."""

import re

from monitoring.checks.expressions import GRAFANA, RUNBOOKS


def problems() -> list[str]:
    """What is wrong, one line each."""
    found = []
    for page in [GRAFANA / "README.md", *sorted(RUNBOOKS.glob("*.md"))]:
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
            if "://" not in target and not (page.parent / target).exists():
                found.append(f"{page.name}: {target} is not there")
    return found
