"""trailwarden: proves that AWS audit logging is on, complete and untouchable."""
