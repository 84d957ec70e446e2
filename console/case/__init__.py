"""`yimen case`: its whole story, who used how many days, why each date. Asks the services over HTTP."""
