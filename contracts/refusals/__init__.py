"""Why something is refused: one table from each code to its HTTP status and what it says in Chinese and English."""

from contracts.refusals.messages import Fault, FieldError, Language, PossibleAct, Refused, field_errors, sentence, title
from contracts.refusals.row import Refusal
from contracts.refusals.shapes import Shape
from contracts.refusals.table import REFUSALS

__all__ = [
    "REFUSALS",
    "Fault",
    "FieldError",
    "Language",
    "PossibleAct",
    "Refusal",
    "Refused",
    "Shape",
    "field_errors",
    "sentence",
    "title",
]
