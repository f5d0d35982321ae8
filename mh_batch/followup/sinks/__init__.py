"""Sinks: the channels by which rows of the outbox are delivered."""

from mh_batch.followup.sinks.base import Sink, SinkResponse
from mh_batch.followup.sinks.smtp import SmtpSink
from mh_batch.followup.sinks.webhook import WebhookSink

__all__ = ["Sink", "SinkResponse", "SmtpSink", "WebhookSink"]
