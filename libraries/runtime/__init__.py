"""Plumbing, once for all services: it moves events and loses none, and knows nothing of cases."""
