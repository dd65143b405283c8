"""What boto3 raises, as ProviderError: AWS's code and message word for word.

https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html, and each service's errors in botocore's models.
"""

from __future__ import annotations

from typing import Any

from dr_console.errors import Outcome, Problem, ProviderError
from dr_console.providers.answers import quoted
from dr_console.providers.retries import retry_after

THROTTLED = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "TooManyRequestsException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "BandwidthLimitExceeded",
        "PriorRequestNotComplete",
        "SlowDown",
    }
)
CREDENTIALS = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthFailure",
        "AuthorizationHeaderMalformed",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "InvalidToken",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "NotAuthorized",
        "OptInRequired",
        "SignatureDoesNotMatch",
        "Unauthorized",
        "UnauthorizedAccess",
        "UnauthorizedOperation",
        "UnrecognizedClientException",
    }
)
# Said with status 400, and gone a moment later.
PASSING = frozenset({"RequestTimeout", "RequestTimeoutException", "InternalError", "InternalFailure"})
NO_CREDENTIALS = frozenset({"NoCredentialsError", "PartialCredentialsError", "NoAuthTokenError", "ProfileNotFound"})
NOT_SENT = frozenset(
    {"EndpointConnectionError", "ConnectTimeoutError", "ProxyConnectionError", "SSLError", "ConnectionError"}
)


def as_provider_error(error: Exception, *, vendor: str, operation: str, unknown: Outcome) -> ProviderError:
    """`unknown`: the outcome where the request was sent and nobody knows what became of it."""
    answer = getattr(error, "response", None)
    if isinstance(answer, dict):  # ClientError
        return _of_answer(answer, vendor, operation, unknown)
    kind = type(error).__name__
    kinds = {base.__name__ for base in type(error).__mro__}
    if kind == "ReadTimeoutError" or isinstance(error, TimeoutError):
        return ProviderError(vendor, operation, Problem.TIMED_OUT, outcome=unknown)
    if kinds & NO_CREDENTIALS:
        return ProviderError(vendor, operation, Problem.SETTINGS, said="DR_AWS_ACCESS_KEY_ID", permanent=True)
    if "CredentialRetrievalError" in kinds:
        return ProviderError(vendor, operation, Problem.CREDENTIALS, said=str(error))
    if kinds & NOT_SENT:
        return ProviderError(vendor, operation, Problem.UNREACHABLE, said=str(error))
    if kinds & {"HTTPClientError", "OSError", "IncompleteReadError"}:
        return ProviderError(vendor, operation, Problem.BROKEN, said=kind, outcome=unknown)
    if "BotoCoreError" not in kinds:  # ResponseParserError, or what the parsers ran into
        return ProviderError(vendor, operation, Problem.GARBLED, said=quoted(f"{kind}: {error}"), outcome=unknown)
    # What is left was refused on our side of the wire. Its words quote what was to be sent, which may be a secret.
    return ProviderError(vendor, operation, Problem.REFUSED, code=kind, permanent=True)


def raised_by_boto3() -> tuple[type[Exception], ...]:
    """What comes of a call: boto3's own errors, the wire's, and what its parsers run into where an answer is not what
    its models say.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 (who calls has boto3 already)
    from botocore.parsers import ResponseParserError  # noqa: PLC0415

    return BotoCoreError, ClientError, ResponseParserError, OSError, LookupError, TypeError, ValueError, AttributeError


def garbled(why: str) -> Exception:
    """What boto3 would have raised, had it looked."""
    from botocore.parsers import ResponseParserError  # noqa: PLC0415 (who calls has boto3 already)

    return ResponseParserError(why)


def _of_answer(answer: dict[str, Any], vendor: str, operation: str, unknown: Outcome) -> ProviderError:
    error, about = answer.get("Error", {}), answer.get("ResponseMetadata", {})
    code, status = str(error.get("Code", "")), int(about.get("HTTPStatusCode", 0))
    problem = _problem(code, status)
    passing = status >= 500 or code in PASSING
    throttled = problem is Problem.THROTTLED
    return ProviderError(
        vendor,
        operation,
        problem,
        status=status or None,
        code=code,
        said=str(error.get("Message", "")),
        permanent=not passing and not (throttled and not _is_quota(code)),
        outcome=unknown if passing and not throttled else Outcome.NOTHING,
        retry_after=retry_after(about.get("HTTPHeaders", {})),
    )


def _problem(code: str, status: int) -> Problem:
    if code in THROTTLED or status == 429 or _is_quota(code):
        return Problem.THROTTLED
    if code in CREDENTIALS or (status in (401, 403) and code in ("", str(status))):
        return Problem.CREDENTIALS
    if "NotFound" in code or "DoesNotExist" in code or code.startswith("NoSuch") or status in (404, 410):
        return Problem.NOT_FOUND
    return Problem.REFUSED


def _is_quota(code: str) -> bool:
    """A quota is used up: waiting a moment does not help."""
    return code not in THROTTLED and (
        "QuotaExceeded" in code or "LimitExceeded" in code or code == "QuotaExceededFault"
    )
