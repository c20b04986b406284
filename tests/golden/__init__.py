"""What every fact ever released looks like once it is stored, topic by topic and version by version; and schemas."""
