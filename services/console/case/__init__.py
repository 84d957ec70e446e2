"""`yimen case`: the whole story of a case, and who used how many days of it. Asks the services over HTTP."""
