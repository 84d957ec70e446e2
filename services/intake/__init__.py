"""Intake registers cases and owns the Case, its applicant and the acceptance and callback clocks."""
