"""What a review (复查) or a re-review (复核) of a result can come to."""

from contracts.codes import Code


class ReviewResult(Code):
    UPHELD = "upheld", "维持原处理意见", "Upheld"
    CHANGED = "changed", "变更原处理意见", "Changed"
