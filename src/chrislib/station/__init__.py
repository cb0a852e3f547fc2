"""The embedded ChRIS: a CUBE-compatible server for one person and one machine."""
