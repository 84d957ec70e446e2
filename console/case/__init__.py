"""`yimen case`: its whole timeline, who used how many days, why each date. Asks the services over HTTP."""
