"""Subscriptions of partners, and the deliveries that are owed to them."""
