#!/usr/bin/env python3
"""Writes tests/golden/sigv2/vectors.json: requests signed with AWS Signature Version 2.

Run at development time only; the result is checked in. tests/unit/sigv2.c verifies each case and
breaks each in every part. botocore signs with SHA-256 and a Timestamp only; what it does not know
is signed by sign() below, which must first agree with botocore on all that it does know.
"""
import base64
import datetime
import hashlib
import hmac
import json
import pathlib
import sys
import time
import urllib.parse
from unittest import mock

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

NOW = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
STAMP = "2026-01-02T03:04:05Z"
KEY = "AKIDEXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TOKEN_KEY = "ASIDEXAMPLE"
TOKEN = "FwoGZXIvYXdzEB4aD/+=session token"
FORM = "application/x-www-form-urlencoded; charset=utf-8"
DIGESTS = {"HmacSHA256": hashlib.sha256, "HmacSHA1": hashlib.sha1}


def sign(method, host, params):
    pairs = [f"{urllib.parse.quote(name, safe='-_.~')}={urllib.parse.quote(value, safe='-_.~')}"
             for name, value in sorted(params.items())]
    text = "\n".join([method, host.lower(), "/", "&".join(pairs)])
    mac = hmac.new(SECRET.encode(), text.encode(), DIGESTS[params["SignatureMethod"]]).digest()
    return base64.b64encode(mac).decode()


def by_botocore(method, host, params, token):
    params = {name: value for name, value in params.items() if name not in (
        "AWSAccessKeyId", "SignatureVersion", "SignatureMethod", "Timestamp", "SecurityToken")}
    request = AWSRequest(method=method, url=f"http://{host}/")
    setattr(request, "data" if method == "POST" else "params", params)
    credentials = Credentials(TOKEN_KEY if token else KEY, SECRET, TOKEN if token else None)
    with mock.patch("time.gmtime", lambda *_: time.struct_time(NOW.timetuple())):
        botocore.auth.SigV2Auth(credentials).add_auth(request)
    return params["Signature"]


def case(name, method="POST", host="127.0.0.1:8773", algorithm="HmacSHA256", token=False,
         expires=None, quote=urllib.parse.quote, botocores=True, split=(), **params):
    params = {key.replace("__", "."): value for key, value in params.items()}
    params.update(AWSAccessKeyId=TOKEN_KEY if token else KEY, SignatureVersion="2",
                  SignatureMethod=algorithm)
    params.update({"Expires": expires} if expires else {"Timestamp": STAMP})
    if token:
        params["SecurityToken"] = TOKEN
    signature = sign(method, host, params)
    if botocores:
        assert signature == by_botocore(method, host, params, token), name
    pairs = list(params.items()) + [("Signature", signature)]

    def text_of(wanted):
        return "&".join(f"{key}={quote(value, safe='')}" for key, value in pairs if wanted(key))
    in_query = split if method == "POST" else params.keys() | {"Signature"}
    headers = [["Host", host]] + ([["Content-Type", FORM]] if method == "POST" else [])
    return {"name": name, "method": method, "query": text_of(lambda key: key in in_query),
            "headers": headers, "body": text_of(lambda key: key not in in_query), "token": token,
            "expires": bool(expires)}


def cases():
    plain = {"Action": "DescribeRegions", "Version": "2014-10-01"}
    yield case("post", **plain)
    yield case("get", "GET", **plain)
    yield case("get_default_port", "GET", host="ec2.example.com", **plain)
    yield case("get_host_in_capitals", "GET", host="EC2.Example.COM:8773", botocores=False, **plain)
    yield case("get_specials", "GET", Action="A", Empty="", A__1="a b+c*d~e/f=g&h",
               A__10="größe-ключ-🙂", A="z", B="z")
    yield case("post_specials", Action="A", Empty="", A__1="a b+c*d~e/f=g&h", A__10="größe-🙂")
    yield case("post_with_plus_for_a_space", quote=urllib.parse.quote_plus, Action="A",
               A__1="two  spaces + a plus")
    yield case("post_with_a_part_in_the_query", split=("Action", "Version"), **plain)
    yield case("get_session_token", "GET", token=True, **plain)
    yield case("post_session_token", token=True, **plain)
    yield case("get_sha1", "GET", algorithm="HmacSHA1", botocores=False, **plain)
    yield case("post_sha1", algorithm="HmacSHA1", botocores=False, **plain)
    yield case("get_expires", "GET", expires="2026-01-02T04:04:05Z", botocores=False, **plain)
    yield case("post_expires", expires="2026-01-02T04:04:05.000Z", botocores=False, **plain)


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else root / "golden/sigv2/vectors.json"
    result = list(cases())
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
