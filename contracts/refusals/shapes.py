"""What a field may have to be, in words."""

from enum import Enum


class Shape(Enum):
    """Chinese and English."""

    TEXT = "文本", "text"
    TEXTS = "文本组成的对象", "an object of texts"
    OBJECT = "JSON 对象", "an object"
    TEXT_OR_OBJECT = "文本或者 JSON 对象", "a text or an object"
    LIST = "列表", "a list"
    NUMBER = "整数", "a whole number"
    FLAG = " true 或者 false", "true or false"
    SCALAR = "文本、整数、true 或者 false", "a text, a whole number, true or false"
