"""What the plumbing counts and measures, in Prometheus' terms."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
SIZES: Final = (1, 5, 20, 100, 500, 1000, 2000)

RECORDS: Final = Counter(
    "yimen_records_total",
    "Records read, by what became of them: handled, skipped, repeated, parked.",
    ("service", "reader", "outcome"),
)
UNKNOWN: Final = Counter(
    "yimen_unknown_events_total",
    "Events passed over because this version does not know their type: a writer is newer than its reader.",
    ("service", "reader", "type"),
)
BATCH_SIZE: Final = Histogram("yimen_batch_records", "Records in a batch.", ("service", "reader"), buckets=SIZES)
BATCH_SECONDS: Final = Histogram(
    "yimen_batch_seconds", "Time from a batch in hand to its commit.", ("service", "reader"), buckets=SECONDS
)
FAILURES: Final = Counter(
    "yimen_failures_total", "Failed attempts to handle a batch, by class.", ("service", "reader", "failure")
)
RESTED: Final = Counter(
    "yimen_rested_seconds_total",
    "Time for which a topic was not read, because more of it had to be refused than its budget has. The topic names the"
    " office.",
    ("service", "reader", "topic"),
)
REFUSED: Final = Counter(
    "yimen_refused_answers_total",
    "Answers of offices that were none: by the office whose topic they came from and the first thing that was wrong.",
    ("office", "code"),
)
LAG: Final = Gauge(
    "yimen_reader_lag_records", "Records that wait on the topic behind the last batch.", ("service", "reader")
)
DEAD_LETTERS: Final = Gauge(
    "yimen_parked_records", "Dead letters that wait to be settled.", ("service", "reader", "code")
)
OPEN_AT_NOBODY: Final = Gauge(
    "yimen_open_at_nobody",
    "Open cases and referrals at areas and offices that the policy does not know, or whose area moved away.",
    ("service",),
)
TOLD_IN_PLACE_OF: Final = Counter(
    "yimen_told_in_place_of_total",
    "Alerts and escalations that a coordinator heard of, or ops, because the office is unknown.",
    ("service",),
)
ALERTS: Final = Counter("yimen_alerts_total", "Alerts about limits that were said, by their type.", ("service", "type"))
ALERT_DELAY_SECONDS: Final = Histogram(
    "yimen_alert_delay_seconds",
    "Real time from the moment of an alert to its being said. A breach that waited counts from its last look.",
    ("service",),
    buckets=(0.5, 1, 2, 5, 10, 30, 60, 120, 300, 900, 3600),
)
ALERT_LAG_SECONDS: Final = Gauge(
    "yimen_alert_lag_seconds", "How long the oldest alert that is due has waited, in real time."
)
RELAYED: Final = Counter("yimen_relay_rows_total", "Rows of the journal that the broker acknowledged.", ("service",))
RELAY_BATCH_SECONDS: Final = Histogram(
    "yimen_relay_batch_seconds",
    "Time from reading a batch of rows to the mark behind it.",
    ("service",),
    buckets=SECONDS,
)
RELAY_ERRORS: Final = Counter(
    "yimen_relay_errors_total", "Batches of the relay that failed and are sent again, by cause.", ("service", "cause")
)
RELAY_WAITING: Final = Gauge("yimen_relay_waiting_rows", "Rows of the journal that were not sent yet.", ("service",))
RELAY_SHARDS: Final = Gauge("yimen_relay_shards_held", "Shards whose lease this process holds.", ("service",))
REQUESTS: Final = Counter(
    "yimen_http_requests_total", "Requests over HTTP by route.", ("service", "method", "route", "status")
)
REQUEST_SECONDS: Final = Histogram(
    "yimen_http_request_seconds",
    "From a request's first line to the first of its answer.",
    ("service", "method", "route"),
    buckets=SECONDS,
)
AUDIT_UNCHAINED: Final = Gauge(
    "yimen_audit_unchained_rows", "Rows of the audit that are not chained yet, up to ten thousand.", ("service",)
)
AUDIT_UNCHAINED_SECONDS: Final = Gauge(
    "yimen_audit_unchained_seconds", "How long the oldest row of the audit has waited to be chained.", ("service",)
)
AUDIT_HEADS_LOST: Final = Counter(
    "yimen_audit_heads_lost_total", "Signed heads that could not be written to their file.", ("service",)
)
