"""Where rows of the outbox go."""

from mh_batch.followup.sinks.base import Answer, Sink
from mh_batch.followup.sinks.smtp import SmtpSink
from mh_batch.followup.sinks.webhook import WebhookSink

__all__ = ["Answer", "Sink", "SmtpSink", "WebhookSink"]
