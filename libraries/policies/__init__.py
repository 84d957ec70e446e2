"""Policy packs: loading, checking and reading the rules of a place. Nothing here knows Kafka or PostgreSQL."""

from libraries.policies.load import load_policy
from libraries.policies.model import Category, LimitRow, Office, Policy, Reason, Rule
from libraries.policies.rows import Fault, PolicyRefused
from libraries.policies.tree import Area
from libraries.policies.watch import PolicyWatch

__all__ = [
    "Area",
    "Category",
    "Fault",
    "LimitRow",
    "Office",
    "Policy",
    "PolicyRefused",
    "PolicyWatch",
    "Reason",
    "Rule",
    "load_policy",
]
