"""From the wish for a run to its token: journaled, sent once, found again, stopped."""
