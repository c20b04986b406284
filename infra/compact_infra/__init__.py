"""Where it runs: the composition root, the event store, the projector, the command line."""

from compact_api.context import Identity
from compact_infra.compact import Compact
from compact_infra.settings import Settings

__all__ = ["Compact", "Identity", "Settings"]
