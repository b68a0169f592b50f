#!/usr/bin/env python3
"""Writes tests/golden/sigv4/vectors.json: requests signed by botocore with a fixed clock and key.

Run at development time only; the result is checked in. tests/unit/sigv4.c verifies each case,
signs those marked "sign" again, and breaks each in every part.
"""
import datetime
import json
import pathlib
import sys
import time
from unittest import mock

import botocore
import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

NOW = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
KEY = "AKIDEXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TOKEN_KEY = "ASIDEXAMPLE"
TOKEN = "FwoGZXIvYXdzEB4aD/+=session token"
FORM = "application/x-www-form-urlencoded; charset=utf-8"


def freeze():
    """botocore reads the clock in one of two ways, by its version."""
    class Frozen(datetime.datetime):
        @classmethod
        def utcnow(cls):
            return NOW.replace(tzinfo=None)

        @classmethod
        def now(cls, tz=None):
            return NOW if tz else NOW.replace(tzinfo=None)

    patches = []
    if hasattr(botocore.auth, "get_current_datetime"):
        def current(remove_tzinfo=True):
            return NOW.replace(tzinfo=None) if remove_tzinfo else NOW
        patches.append(mock.patch("botocore.auth.get_current_datetime", current))
    if hasattr(botocore.auth, "datetime"):
        patches.append(mock.patch("botocore.auth.datetime", mock.MagicMock(wraps=datetime,
                                                                          datetime=Frozen)))
    return patches


def case(name, method="POST", path="/", params=None, headers=(), body=b"", host="127.0.0.1:8773",
         token=False, presign=0, sign=True, region="eu-central-1", service="ec2"):
    credentials = Credentials(TOKEN_KEY if token else KEY, SECRET, TOKEN if token else None)
    request = AWSRequest(method=method, url=f"http://{host}{path}", params=params or {}, data=body)
    request.headers["Host"] = host
    for key, value in headers:
        request.headers.add_header(key, value)
    if presign:
        signer = botocore.auth.SigV4QueryAuth(credentials, service, region, expires=presign)
    else:
        signer = botocore.auth.SigV4Auth(credentials, service, region)
    seen = {}
    original = signer.string_to_sign

    def string_to_sign(req, canonical):
        seen["canonical"] = canonical
        return original(req, canonical)

    signer.string_to_sign = string_to_sign
    signer.add_auth(request)
    prepared = request.prepare()
    target = prepared.url.split(host, 1)[1]
    at, _, query = target.partition("?")
    return {
        "name": name,
        "method": method,
        "path": at or "/",
        "query": query,
        "headers": [[k, v] for k, v in request.headers.items()],
        "body": body.decode("utf-8"),
        "region": region,
        "service": service,
        "token": token,
        "presigned": presign,
        "sign": sign and not presign,
        "canonical": seen["canonical"],
    }


def cases():
    form = [("Content-Type", FORM)]
    yield case("post_form", headers=form, body=b"Action=DescribeRegions&Version=2016-11-15")
    yield case("post_empty_body", headers=form)
    yield case("post_utf8_body", headers=form,
               body="Action=CreateTags&Tag.1.Value=größe-ключ-🙂".encode())
    yield case("post_json", headers=[("Content-Type", "application/x-amz-json-1.1"),
                                     ("X-Amz-Target", "AmazonEC2.DescribeRegions")], body=b"{}")
    yield case("post_session_token", headers=form, body=b"Action=A", token=True)
    yield case("post_default_port", headers=form, body=b"Action=A", host="ec2.example.com")
    yield case("post_ipv6_host", headers=form, body=b"Action=A", host="[::1]:8773")
    yield case("post_spaces_in_header", headers=form + [("X-Note", "  two   words  here ")],
               body=b"Action=A")
    yield case("post_repeated_header", headers=form + [("X-Many", "b"), ("X-Many", "a"),
                                                       ("X-Many", "b")], body=b"Action=A")
    yield case("post_path", path="/v1/RunInstances",
               headers=[("Content-Type", "application/json")], body=b'{"MinCount":1}')
    yield case("post_path_encoded", path="/v1/a%20b/%C3%A9", headers=form, body=b"x")
    yield case("post_path_dots", path="/v1/./x//y/../z/", headers=form, body=b"x")
    yield case("post_sts", headers=form, body=b"Action=GetCallerIdentity", service="sts")
    yield case("get_query", method="GET",
               params={"Action": "DescribeInstances", "Version": "2016-11-15"})
    yield case("get_query_specials", method="GET",
               params={"Action": "A", "Filter.1.Value.1": "a b+c*d~e/f=g&h", "Empty": "",
                       "Utf8": "größe-🙂", "A.1": "x", "A-1": "y", "A": "z"})
    yield case("presigned", method="GET", presign=900,
               params={"Action": "DescribeInstances", "Version": "2016-11-15"})
    yield case("presigned_specials", method="GET", presign=604800,
               params={"Action": "A", "Filter.1.Value.1": "a b+c*d", "Empty": ""})
    yield case("presigned_session_token", method="GET", presign=60, params={"Action": "A"},
               token=True)


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else root / "golden/sigv4/vectors.json"
    patches = freeze()
    for patch in patches:
        patch.start()
    with mock.patch("time.time", lambda: NOW.timestamp()), \
            mock.patch("time.gmtime", lambda *_: time.struct_time(NOW.timetuple())):
        result = list(cases())
    for patch in patches:
        patch.stop()
    out.write_text(json.dumps({
        "now": int(NOW.timestamp()) * 1000,
        "access_key_id": KEY,
        "token_access_key_id": TOKEN_KEY,
        "secret_access_key": SECRET,
        "session_token": TOKEN,
        "cases": result,
    }, indent=1, ensure_ascii=True) + "\n")
    print(f"{len(result)} cases in {out}")


if __name__ == "__main__":
    main()
