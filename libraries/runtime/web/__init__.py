"""HTTP: requests checked, callers known, answers and problems in one shape, the OpenAPI document."""
