"""What several formats have in common: kinds of telling (`tells` of an adapter), and tables with a header."""
