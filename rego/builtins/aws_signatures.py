"""`providers.aws.sign_req`: the headers of a request, signed by AWS Signature Version 4. Nothing is sent."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote_from_bytes

from policy_engine.rego.builtins.go_text import rego_text, to_bytes
from policy_engine.rego.builtins.json_text import marshal
from policy_engine.rego.builtins.operands import number, rego_object, wrong_type
from policy_engine.rego.builtins.registry import BuiltinTypeError, builtin
from policy_engine.rego.builtins.uris import parse as parse_uri
from policy_engine.rego.value_model import RegoSet, unkey

_REQUIRED: Final = ("aws_access_key", "aws_region", "aws_secret_access_key", "aws_service")
_REQUEST_REQUIRED: Final = frozenset(["method", "url"])
_REQUEST_ALLOWED: Final = _REQUEST_REQUIRED | frozenset(
    [
        "body",
        "enable_redirect",
        "force_json_decode",
        "force_yaml_decode",
        "headers",
        "raw_body",
        "tls_use_system_certs",
        "tls_ca_cert",
        "tls_ca_cert_file",
        "tls_ca_cert_env_variable",
        "tls_client_cert",
        "tls_client_cert_file",
        "tls_client_cert_env_variable",
        "tls_client_key",
        "tls_client_key_file",
        "tls_client_key_env_variable",
        "tls_insecure_skip_verify",
        "tls_server_name",
        "timeout",
        "cache",
        "force_cache",
        "force_cache_duration_seconds",
        "raise_error",
        "caching_mode",
        "max_retry_attempts",
        "cache_ignored_headers",
    ]
)
_IGNORED_HEADERS: Final = frozenset(["authorization", "user-agent", "x-amzn-trace-id"])
_Object = dict[Any, Any]


@builtin("providers.aws.sign_req", arity=3)
def sign_req(request: Any, config: Any, time_ns: Any) -> _Object:
    """The request (as for `http.send`) with its headers signed."""
    asked, credentials = rego_object(request, 1), rego_object(config, 1)
    _check_config(credentials)
    moment = number(time_ns, 1)
    if type(moment) is not int or not 0 <= moment < 2**63:
        # OPA takes times before 1970 unless they are written with an exponent; nobody signs for then
        raise BuiltinTypeError("operand 3 could not convert time_ns value into a unix timestamp")
    _check_request(asked)
    headers = asked.get("headers", {})
    if type(headers) is not dict:
        raise wrong_type(0, headers, "object")
    wrong = RegoSet(name for name in ("url", "method") if type(asked[name]) is not str)
    if len(wrong):
        raise BuiltinTypeError(
            f"operand 1 invalid values for required request parameters(s): {rego_text(wrong)}"
        )
    unsigned = credentials.get("disable_payload_signing", False)
    if type(unsigned) is not bool:
        raise BuiltinTypeError("operand 2 invalid value for 'disable_payload_signing' in AWS config")
    plain = {_text(unkey(name)): _text(item) for name, item in headers.items()}
    signed = _sign(asked, plain, credentials, datetime.fromtimestamp(moment // 1_000_000_000, UTC), unsigned)
    return {**asked, "headers": {**plain, **signed}}


def _text(value: Any) -> str:
    return value if type(value) is str else ""


def _check_config(config: _Object) -> None:
    missing = RegoSet(name for name in _REQUIRED if name not in config)
    if len(missing):
        raise BuiltinTypeError(f"operand 2 missing required AWS config parameters(s): {rego_text(missing)}")
    wrong = RegoSet(name for name in _REQUIRED if type(config[name]) is not str)
    if len(wrong):
        raise BuiltinTypeError(
            f"operand 2 invalid values for required AWS config parameters(s): {rego_text(wrong)}"
        )


def _check_request(request: _Object) -> None:
    unknown = RegoSet(unkey(name) for name in request if name not in _REQUEST_ALLOWED)
    if len(unknown):
        raise BuiltinTypeError(f"operand 1 invalid request parameters(s): {rego_text(unknown)}")
    missing = RegoSet(name for name in _REQUEST_REQUIRED if name not in request)
    if len(missing):
        raise BuiltinTypeError(f"operand 1 missing required request parameters(s): {rego_text(missing)}")


def _body(request: _Object) -> bytes:
    if "raw_body" in request:
        return to_bytes(_text(request["raw_body"]))
    return to_bytes(marshal(request["body"])) if "body" in request else b""


def _sign(
    request: _Object, headers: dict[str, str], config: _Object, moment: datetime, unsigned: bool
) -> dict[str, str]:
    """The headers that AWS wants, with the signature in `Authorization`."""
    url, service, region = request["url"], config["aws_service"], config["aws_region"]
    digest = "UNSIGNED-PAYLOAD" if unsigned else hashlib.sha256(_body(request)).hexdigest()
    day, stamp = f"{moment:%Y%m%d}", f"{moment:%Y%m%dT%H%M%SZ}"
    parts = parse_uri(url)
    added = {
        "host": url.partition("://")[2].partition("/")[0].partition("?")[0].rpartition("@")[2],
        "x-amz-date": stamp,
    }
    if service in ("s3", "glacier"):
        added["x-amz-content-sha256"] = digest
    if _text(config.get("aws_session_token")):
        added["x-amz-security-token"] = config["aws_session_token"]
    signed = added | {
        name.lower(): item for name, item in headers.items() if name.lower() not in _IGNORED_HEADERS
    }
    names = sorted(signed)
    path = parts.get("raw_path", "")
    if path == parts.get("path", ""):
        path = quote_from_bytes(to_bytes(path), safe="/-_.~$&+,:;=@")
    lines = [request["method"], path, parts.get("raw_query", "")]
    lines += [f"{name}:{signed[name]}" for name in names]
    canonical = "\n".join([*lines, "", ";".join(names), digest])
    scope = f"{day}/{region}/{service}/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(to_bytes(canonical)).hexdigest()}"
    key = b"AWS4" + to_bytes(config["aws_secret_access_key"])
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, to_bytes(part), "sha256")
    signature = hmac.digest(key, to_bytes(text), "sha256").hex()
    credential = f"{config['aws_access_key']}/{scope}"
    authorization = (
        f"AWS4-HMAC-SHA256 Credential={credential},SignedHeaders={';'.join(names)},Signature={signature}"
    )
    return {"Authorization": authorization, **added}
