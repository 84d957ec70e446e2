"""Rules of watching: what a clock's facts mean for its timer, when an alert may go out, where a referral stands."""
