"""What every fact looks like once it is stored: one example for each topic and version ever released, and the schemas."""
