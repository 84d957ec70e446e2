"""People who do not exist: names that say so, numbers that no one can have."""

from random import Random

from contracts.submissions import Applicant

SURNAMES = tuple("张王李赵刘陈杨孙马高郭梁宋韩冯曹")
GIVEN_NAMES = ("示例", "样例", "演示", "虚构", "测试", "范例", "假名", "模拟")
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_DIGITS = "10X98765432"


def checksum(first_17: str) -> str:
    """The last character that a true identity number would have (GB 11643)."""
    return CHECK_DIGITS[sum(weight * int(digit) for weight, digit in zip(WEIGHTS, first_17, strict=True)) % 11]


def invent(random: Random, county: str, number: int) -> Applicant:
    """An identity number with a wrong check character, and a telephone number outside every range in use."""
    born = f"{random.randint(1940, 2005)}{random.randint(1, 12):02}{random.randint(1, 28):02}"
    body = f"{county[:6]}{born}{random.randint(0, 999):03}"
    wrong = random.choice([mark for mark in CHECK_DIGITS if mark != checksum(body)])
    return Applicant(
        name=random.choice(SURNAMES) + random.choice(GIVEN_NAMES),
        phone=f"100{random.randint(0, 99_999_999):08}",
        id_number=body + wrong,
        household=f"demo-{county[:6]}-{number:06}",
    )
