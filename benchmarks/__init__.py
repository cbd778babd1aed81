"""What the platform can carry: measured through the real protocol, on PostgreSQL and Redis."""
