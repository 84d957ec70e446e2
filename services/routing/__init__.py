"""Routing decides who handles what by when and owns the Referral and its clocks."""
