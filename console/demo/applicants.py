"""People who do not exist: names that say so, numbers that no one can have."""

from random import Random

from contracts.personal import check_character
from contracts.submissions import Applicant

SURNAMES = tuple("张王李赵刘陈杨孙马高郭梁宋韩冯曹")
GIVEN_NAMES = ("示例", "样例", "演示", "虚构", "测试", "范例", "假名", "模拟")
NO_REGION = "000000"
"""No division code begins with a zero, so nobody has an identity number that does: ours pass every check, and are no
one's."""


def invent(random: Random, county: str, number: int) -> Applicant:
    """An identity number of no region, and a telephone number outside every range in use."""
    born = f"{random.randint(1940, 2005)}{random.randint(1, 12):02}{random.randint(1, 28):02}"
    body = f"{NO_REGION}{born}{random.randint(0, 999):03}"
    return Applicant(
        name=random.choice(SURNAMES) + random.choice(GIVEN_NAMES),
        phone=f"100{random.randint(0, 99_999_999):08}",
        id_number=body + check_character(body),
        household=f"demo-{county[:6]}-{number:06}",
    )
