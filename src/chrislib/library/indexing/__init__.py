"""Local files brought into the catalog: walked, read in other processes, written."""
