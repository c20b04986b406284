"""Where it runs: the composition root, the event store, the projector, the command line."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from compact_api.context import Identity
    from compact_infra.compact import Compact
    from compact_infra.settings import Settings
else:
    HOME = {
        "Compact": "compact_infra.compact",
        "Identity": "compact_api.context",
        "Settings": "compact_infra.settings",
    }

    def __getattr__(name):
        """What a host imports, brought in when it is asked for: `compact version` needs neither web nor GraphQL."""
        if name not in HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(HOME[name]), name)


__all__ = ["Compact", "Identity", "Settings"]
