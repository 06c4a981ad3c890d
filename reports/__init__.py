"""Stage three: findings and aggregates become self-contained HTML."""
