"""What AWS says no with, in the protocol of each service."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID
from xml.sax.saxutils import escape

from dr_console.sandbox.world import World

NAMESPACES = {
    "rds": "http://rds.amazonaws.com/doc/2014-10-31/",
    "elasticache": "http://elasticache.amazonaws.com/doc/2015-02-02/",
    "iam": "https://iam.amazonaws.com/doc/2010-05-08/",
    "sts": "https://sts.amazonaws.com/doc/2011-06-15/",
    "route53": "https://route53.amazonaws.com/doc/2013-04-01/",
}
JSON_TYPE = "application/x-amz-json-1.1"


@dataclass
class Reply:
    """An answer as it goes over the wire. `wait`: seconds of the world before it is sent."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    wait: float = 0.0


class Fault(Exception):
    """AWS says no. `code` as AWS's reference names it; JSON services hear it with "Exception" at its end."""

    def __init__(self, code: str, message: str = "", status: int = 400, **members: str) -> None:
        super().__init__(code, message)
        self.code, self.message, self.status, self.members = code, message, status, members


def request_id(world: World) -> str:
    return str(UUID(int=world.random.getrandbits(128), version=4))


def refusal(fault: Fault, service: str, protocol: str, id: str, *, resource: str = "") -> Reply:
    """The fault as this service words it."""
    if protocol in ("json", "rest-json", "smithy-rpc-v2-cbor"):
        return _as_json(fault, protocol, id)
    if service == "s3":
        return _as_s3(fault, id, resource)
    if protocol == "ec2":
        body = (
            f"<Response><Errors><Error><Code>{escape(fault.code)}</Code><Message>{escape(fault.message)}</Message>"
            f"</Error></Errors><RequestID>{id}</RequestID></Response>"
        )
        return _xml(fault.status, body, {"x-amzn-requestid": id})
    whose = "Sender" if fault.status < 500 else "Receiver"
    body = (
        f'<ErrorResponse xmlns="{NAMESPACES.get(service, "http://webservices.amazon.com/AWSFault/2005-15-09")}"><Error>'
        f"<Type>{whose}</Type><Code>{escape(fault.code)}</Code><Message>{escape(fault.message)}</Message></Error>"
        f"<RequestId>{id}</RequestId></ErrorResponse>"
    )
    return _xml(fault.status, body, {"x-amzn-requestid": id})


def _as_json(fault: Fault, protocol: str, id: str) -> Reply:
    headers = {"x-amzn-requestid": id, "x-amzn-errortype": fault.code}
    if protocol == "json":
        body = {"__type": fault.code, "message": fault.message, "Message": fault.message}
        return Reply(fault.status, {**headers, "content-type": JSON_TYPE}, json.dumps(body).encode())
    said = {"Type": "User" if fault.status < 500 else "Service", "Message": fault.message, **fault.members}
    return Reply(fault.status, {**headers, "content-type": "application/json"}, json.dumps(said).encode())


def _as_s3(fault: Fault, id: str, resource: str) -> Reply:
    more = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in fault.members.items())
    body = (
        f"<Error><Code>{escape(fault.code)}</Code><Message>{escape(fault.message)}</Message>{more}"
        f"<Resource>{escape(resource)}</Resource><RequestId>{id}</RequestId><HostId>{id}</HostId></Error>"
    )
    return _xml(fault.status, body, {"x-amz-request-id": id, "x-amz-id-2": id})


def _xml(status: int, body: str, headers: Mapping[str, str]) -> Reply:
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'
    return Reply(
        status,
        {**headers, "content-type": "text/xml" if "requestid" in str(headers) else "application/xml"},
        text.encode(),
    )


def by_protocol(protocol: str, service: str, *, query: Fault, json: Fault, rest: Fault, s3: Fault) -> Fault:
    """The same fault has four names at AWS."""
    if service == "s3":
        return s3
    return {"json": json, "rest-json": rest}.get(protocol, query)


def no_signature(service: str, protocol: str) -> Fault:
    said = "Request is missing Authentication Token"
    return by_protocol(
        protocol,
        service,
        query=Fault("MissingAuthenticationToken", said, 403),
        json=Fault("MissingAuthenticationTokenException", said, 400),
        rest=Fault("MissingAuthenticationTokenException", "Missing Authentication Token", 403),
        s3=Fault("AccessDenied", "Access Denied", 403),
    )


def malformed_signature(service: str, protocol: str) -> Fault:
    said = "Authorization header requires 'Credential', 'SignedHeaders' and 'Signature' parameters."
    return by_protocol(
        protocol,
        service,
        query=Fault("IncompleteSignature", said, 403),
        json=Fault("IncompleteSignatureException", said, 400),
        rest=Fault("IncompleteSignatureException", said, 403),
        s3=Fault("AuthorizationHeaderMalformed", "The authorization header that you provided is not valid.", 400),
    )


def expired_token(service: str, protocol: str) -> Fault:
    said = "The security token included in the request is expired"
    return by_protocol(
        protocol,
        service,
        query=Fault("ExpiredToken", said, 403),
        json=Fault("ExpiredTokenException", said, 400),
        rest=Fault("ExpiredTokenException", said, 403),
        s3=Fault("ExpiredToken", "The provided token has expired.", 400),
    )


def unknown_key(service: str, protocol: str) -> Fault:
    said = "The security token included in the request is invalid."
    return by_protocol(
        protocol,
        service,
        query=Fault("InvalidClientTokenId", said, 403),
        json=Fault("UnrecognizedClientException", said, 400),
        rest=Fault("UnrecognizedClientException", said, 403),
        s3=Fault("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.", 403),
    )


def not_authorized(service: str, protocol: str, who: str, action: str) -> Fault:
    why = f"because no identity-based policy allows the {action} action"
    said = f"User: {who} is not authorized to perform: {action} {why}"
    return by_protocol(
        protocol,
        service,
        query=Fault("AccessDenied", said, 403),
        json=Fault("AccessDeniedException", said, 400),
        rest=Fault("AccessDeniedException", said, 403),
        s3=Fault("AccessDenied", "Access Denied", 403),
    )


def throttled(service: str, protocol: str) -> Fault:
    return by_protocol(
        protocol,
        service,
        query=Fault("Throttling", "Rate exceeded", 400),
        json=Fault("ThrottlingException", "Rate exceeded", 400),
        rest=Fault("TooManyRequestsException", "Rate Exceeded.", 429, Reason="CallerRateLimitExceeded"),
        s3=Fault("SlowDown", "Please reduce your request rate.", 503),
    )


def broken(service: str, protocol: str, status: int) -> Fault:
    if status == 503:
        said = "Service is unable to handle request."
        return by_protocol(
            protocol,
            service,
            query=Fault("ServiceUnavailable", said, 503),
            json=Fault("ServiceUnavailableException", said, 503),
            rest=Fault("ServiceUnavailableException", said, 503),
            s3=Fault("ServiceUnavailable", said, 503),
        )
    said = "We encountered an internal error. Please try again."
    return by_protocol(
        protocol,
        service,
        query=Fault("InternalFailure", said, status),
        json=Fault("InternalServiceError" if service == "secretsmanager" else "InternalFailure", said, status),
        rest=Fault("ServiceException", said, status),
        s3=Fault("InternalError", said, status),
    )


def unknown_operation(service: str, protocol: str, operation: str) -> Fault:
    return by_protocol(
        protocol,
        service,
        query=Fault("InvalidAction", f"Could not find operation {operation or 'given'} for {service}", 400),
        json=Fault("UnknownOperationException", f"The sandbox has no {service}.{operation or 'such operation'}", 400),
        rest=Fault("UnknownOperationException", f"The sandbox has no {service}.{operation or 'such operation'}", 404),
        s3=Fault(
            "NotImplemented", "A header or query you provided implies functionality that is not implemented.", 501
        ),
    )
