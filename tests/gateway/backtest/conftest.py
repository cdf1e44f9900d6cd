"""A site with two assets that belong together, and one that does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.inventory import Inventory
from gateway.settings import check_site

SITE = """
site: {id: well, timezone: Asia/Shanghai}
collectors: {line: {kind: modbus_tcp, host: 10.0.0.1}}
assets:
  W-1: {kind: manhole, lifeline: drainage, relations: {near: [W-2]}}
  W-2: {kind: manhole, lifeline: drainage}
  W-3: {kind: manhole, lifeline: drainage}
devices:
  r1: {profile: drainage/vegapuls, collector: line, unit: 1, asset: W-1, report_seconds: 60}
  r3: {profile: drainage/vegapuls, collector: line, unit: 3, asset: W-3, report_seconds: 60}
"""


@pytest.fixture
def inventory(tmp_path: Path) -> Inventory:
    path = tmp_path / "site.yaml"
    path.write_text(SITE)
    site = check_site(path).site
    assert site is not None
    return site.inventory
