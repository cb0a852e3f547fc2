"""Following the jobs of services by the protocols, whatever service it is."""
