"""Discord's refusals: an HTTP status and a JSON error code ("JSON Error Codes", opcodes-and-status-codes.mdx)."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


class Refusal(Exception):
    """The answer to a request that Discord does not fulfil."""

    def __init__(self, status: int, code: int, message: str, errors: Json | None = None) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.errors = errors

    def payload(self) -> Json:
        """What stands in the body."""
        body: Json = {"message": self.message, "code": self.code}
        return body if self.errors is None else {**body, "errors": self.errors}


def unauthorized() -> Refusal:
    return Refusal(401, 0, "401: Unauthorized")


def unknown(what: str) -> Refusal:
    """The thing of this kind is not there (10003 …)."""
    return Refusal(404, _UNKNOWN[what], f"Unknown {what}")


def missing_access() -> Refusal:
    return Refusal(403, 50001, "Missing Access")


def missing_permissions() -> Refusal:
    return Refusal(403, 50013, "Missing Permissions")


def too_large() -> Refusal:
    return Refusal(413, 40005, "Request entity too large")


def invalid_form(field: str, code: str, message: str) -> Refusal:
    """50035 with the place of the error, as Discord nests it."""
    errors: Json = {"_errors": [{"code": code, "message": message}]}
    for name in reversed([name for name in field.split(".") if name]):
        errors = {name: errors}
    return Refusal(400, 50035, "Invalid Form Body", errors)


_UNKNOWN = {
    "Channel": 10003,
    "Guild": 10004,
    "Member": 10007,
    "Message": 10008,
    "User": 10013,
    "Emoji": 10014,
    "Webhook": 10015,
    "Interaction": 10062,
    "Application Command": 10063,
    "Voice State": 10065,
}
