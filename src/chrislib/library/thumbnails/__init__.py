"""Small pictures of series: chosen, made, kept."""
