"""The commented example, as a site that tests may run."""

from __future__ import annotations

from pathlib import Path

from gateway.settings import Site
from gateway.settings.loading import check_site

EXAMPLE = Path(__file__).parents[1] / "deploy" / "site.example.yaml"


def example_site() -> Site:
    """Return the example site as it is written, without the secrets that it takes from the environment."""
    site = check_site(EXAMPLE).site
    assert site is not None
    return site
