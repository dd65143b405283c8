"""What other programs' messages say, and what of it is meant: no database, no clock of their own."""
