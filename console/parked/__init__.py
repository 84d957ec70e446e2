"""`yimen parked`: records that could not be handled, and what becomes of them."""
