"""What happened: append-only events, kept in a database, and the figures that are made of them."""
