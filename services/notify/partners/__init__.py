"""The registry of partners: who they are, by what they show it, and the tokens that they get for it."""
