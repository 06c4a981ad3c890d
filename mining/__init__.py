"""Stage two: journeys become aggregates, process models and findings."""
