"""A running ledger (台账) taken in: read from a spreadsheet, checked row by row, registered through the public door."""
