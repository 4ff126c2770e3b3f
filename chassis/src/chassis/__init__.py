"""What every service bolts onto. No domain word, no event payload: those belong to the services."""
