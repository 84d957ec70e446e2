"""Attachments of cases (附件): how they come in, where they lie, who sees them, and how they go."""
