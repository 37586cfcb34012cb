"""Migrations of the tables, run at every start. Before the first release there is one, made anew when tables change."""
