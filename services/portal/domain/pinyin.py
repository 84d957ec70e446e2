"""Finding Chinese names by how they sound: by the first letters of their characters, by whole syllables, or both.

Every reading of a character counts, so that nobody has to know which one a dictionary prefers.
"""

import os
from functools import lru_cache
from itertools import chain

os.environ.setdefault(
    "PYPINYIN_NO_PHRASES", "true"
)  # read when it is imported; phrases would take three times the memory

from pypinyin import Style, pinyin

Syllables = tuple[frozenset[str], ...]
"""Of each character what may be typed for it."""
FEWEST_LETTERS, MOST_LETTERS = 2, 64


def sounds_like(typed: str, name: str) -> bool:
    """Whether a part of the name can be typed so, for example `zx`, `zhuanxue` or `zhuanx` for 转学."""
    letters = typed.lower()
    if not FEWEST_LETTERS <= len(letters) <= MOST_LETTERS or not (letters.isascii() and letters.isalpha()):
        return False
    syllables = _syllables(name)
    return any(_fits(letters, syllables, start) for start in range(len(syllables)))


def _fits(letters: str, syllables: Syllables, at: int) -> bool:
    """Whether everything that is left of the letters stands from here on."""
    if not letters:
        return True
    if at == len(syllables):
        return False
    return any(letters.startswith(sound) and _fits(letters[len(sound) :], syllables, at + 1) for sound in syllables[at])


@lru_cache(maxsize=16_384)
def _syllables(name: str) -> Syllables:
    found = pinyin(name, style=Style.NORMAL, heteronym=True, errors="ignore")
    return tuple(frozenset(chain(sounds, (sound[0] for sound in sounds))) for sounds in found)
