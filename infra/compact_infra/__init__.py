"""Where it runs: the composition root, the event store, the projector, the command line."""
