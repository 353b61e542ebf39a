"""Golden records: small records of each release, which every later one must verify."""
