"""How much memory there is, and what of it our own database takes."""

from __future__ import annotations

import os
from pathlib import Path

MB = 1024 * 1024
# Where a container's limit stands, in the second and the first edition of control groups; "max" means none.
_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
# An eighth, so that pages and workers have room on a small machine; more than this brings no page sooner.
_PART, _LEAST_MB, _MOST_MB = 8, 128, 2048


def memory_bytes(limits: tuple[Path, ...] = _LIMITS) -> int:
    """What the machine has, or what its container may have of it."""
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for limit in limits:
        try:
            text = limit.read_text().strip()
        except OSError:
            continue
        if text.isdigit():
            found.append(int(text))
    return min(found)


def database_settings(memory: int) -> dict[str, str]:
    """Of so many bytes: what PostgreSQL keeps by itself, and how much it may count on the machine to keep."""
    kept = min(max(memory // MB // _PART, _LEAST_MB), _MOST_MB)
    return {"shared_buffers": f"{kept}MB", "effective_cache_size": f"{max(memory // MB // 2, kept)}MB"}
