"""Rules of watching: what a clock's facts mean for its watch, when an alert may go out, where a referral stands."""
