"""Where numbers come from: versions, the commit, and how a study was run."""

from __future__ import annotations

import platform
import subprocess
from importlib import metadata, resources
from pathlib import Path
from typing import Any

from netaudit.version import __version__


def versions() -> dict[str, str]:
    """Give the versions of all software that the numbers depend on, by name."""
    return {
        "netaudit": __version__,
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in ("torch", "numpy", "scipy")},
    }


def commit() -> str | None:
    """Give the commit that the package is run from, with ``-dirty`` if its files differ; None outside a checkout."""
    folder = Path(str(resources.files("netaudit")))

    def git(*arguments: str) -> str | None:
        try:
            done = subprocess.run(["git", "-C", folder, *arguments], capture_output=True, text=True, check=False)
        except OSError:
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    head = git("rev-parse", "HEAD")
    if not head or git("ls-files", "--error-unmatch", "__init__.py") is None:  # someone else's checkout holds us
        return None
    return head + ("-dirty" if git("status", "--porcelain", "--", ".") else "")


def describe_run(command: str, date: str, jobs: int) -> dict[str, Any]:
    """Give what is kept of a run; of the machine that is only how many processes it had."""
    return {"date": date, "commit": commit(), "command": command, "jobs": jobs}
