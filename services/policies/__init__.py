"""Policy packs: loading, checking and reading the rules of a place. Nothing here knows Kafka or PostgreSQL."""

from services.policies.load import load_policy
from services.policies.model import Category, LimitRow, Office, Policy, Reason, Rule
from services.policies.reading import Fault, PolicyRefused
from services.policies.tree import Area
from services.policies.watch import PolicyWatch

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
