"""What Cloudflare answers, as far as we read it. https://developers.cloudflare.com/api/"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from dr_console.providers.capabilities.dns import DnsRecord

# Up to the year 9999.
Milliseconds = Annotated[float, Field(ge=0, le=253_402_300_799_000)]
# Beside the fields that every vendor has.
OTHER = ("settings", "data", "priority")


class Record(BaseModel):
    """https://developers.cloudflare.com/api/resources/dns/subresources/records/methods/get/"""

    id: str = Field(min_length=1)
    name: str
    type: str
    content: str
    ttl: int
    proxied: bool = False
    comment: str | None = None
    tags: list[str] = []
    settings: dict[str, Any] | None = None
    data: dict[str, Any] | None = None
    priority: int | None = None

    def as_record(self) -> DnsRecord:
        other = {key: value for key in OTHER if (value := getattr(self, key)) not in (None, {})}
        return DnsRecord(
            self.id,
            self.name.lower(),
            self.type,
            self.content,
            self.ttl,
            self.proxied,
            self.comment or "",
            tuple(self.tags),
            other,
        )


class Batch(BaseModel):
    """https://developers.cloudflare.com/api/resources/dns/subresources/records/methods/batch/"""

    patches: list[Record] | None = None
    posts: list[Record] | None = None


class Token(BaseModel):
    """https://developers.cloudflare.com/api/resources/user/subresources/tokens/methods/verify/"""

    id: str
    status: Literal["active", "disabled", "expired"]
    expires_on: str | None = None


class Plan(BaseModel):
    legacy_id: str = ""
    name: str = ""


class Account(BaseModel):
    id: str
    name: str = ""


class Zone(BaseModel):
    """https://developers.cloudflare.com/api/resources/zones/methods/get/"""

    id: str
    name: str
    status: str = ""
    paused: bool = False
    permissions: list[str] | None = None
    plan: Plan | None = None
    account: Account | None = None


class Metrics(BaseModel):
    backlog_count: int
    backlog_bytes: int
    oldest_message_timestamp_ms: Milliseconds


class PulledMetadata(BaseModel):
    metrics: Metrics | None = None


class QueueMessage(BaseModel):
    """https://developers.cloudflare.com/api/resources/queues/subresources/messages/methods/pull/"""

    id: str = ""
    lease_id: str = ""
    body: str
    timestamp_ms: Milliseconds
    attempts: int = 0
    metadata: dict[str, Any] | None = None


class PulledMessages(BaseModel):
    messages: list[QueueMessage]
    metadata: PulledMetadata | None = None


class Peeked(BaseModel):
    messages: list[QueueMessage] = []


class Acknowledged(BaseModel):
    """https://developers.cloudflare.com/api/resources/queues/subresources/messages/methods/ack/"""

    ack_count: int = Field(alias="ackCount")
    retry_count: int = Field(alias="retryCount")
    warnings: dict[str, str] | None = None


class ConsumerSettings(BaseModel):
    max_retries: int | None = None
    visibility_timeout_ms: int | None = None


class QueueConsumer(BaseModel):
    """https://developers.cloudflare.com/api/resources/queues/subresources/consumers/methods/list/"""

    type: str
    settings: ConsumerSettings | None = None
    dead_letter_queue: str | None = None


class NotificationRule(BaseModel):
    actions: list[str]
    prefix: str | None = None
    suffix: str | None = None


class Notifications(BaseModel):
    """https://developers.cloudflare.com/api/resources/r2/subresources/buckets/subresources/event_notifications/"""

    rules: list[NotificationRule] | None = None


class R2Object(BaseModel):
    key: str
    size: int | None = None
    etag: str | None = Field(None, alias="eTag")


class CopySource(BaseModel):
    bucket: str
    object: str


class R2Event(BaseModel):
    """https://developers.cloudflare.com/r2/buckets/event-notifications/#message-format"""

    action: str
    bucket: str
    object: R2Object
    event_time: str = Field(alias="eventTime")
    copy_source: CopySource | None = Field(None, alias="copySource")
