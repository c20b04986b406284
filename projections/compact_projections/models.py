"""The read models of this release: one list. A new one is a new line here."""

from __future__ import annotations

from typing import Any

from compact_projections.kit import ReadModel
from compact_projections.organizations import Organizations


def models() -> list[ReadModel[Any]]:
    """Every read model; together they advance, in one transaction."""
    return [Organizations()]
