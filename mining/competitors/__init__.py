"""Our customer process beside competitors': research files, fair comparison, findings, tables (method 10)."""
