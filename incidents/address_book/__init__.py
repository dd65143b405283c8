"""Contacts and vendors as files that spreadsheets and telephones know. Pure: no database, no plan of its own."""
