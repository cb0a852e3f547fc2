"""Looking at servers: how often, what for, and what is made of the answers."""
