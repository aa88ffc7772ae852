"""Asks over TLS from addresses of the loopback network that say who is asking.

Reads a list of {"port", "from", "method", "path", "headers", "body" or "twilio", "plain"} as JSON from its argument; prints [status, body] of each.
"""

import base64
import hashlib
import hmac
import http.client
import json
import ssl
import sys
import urllib.parse


def signed(asked):
    """A form as Twilio sends it: the address that was called and the sorted fields, by HMAC-SHA1."""
    said = asked["twilio"]
    content = said["address"] + "".join(name + value for name, value in sorted(said["form"].items()))
    signature = hmac.new(said["token"].encode(), content.encode(), hashlib.sha1).digest()
    asked["headers"]["content-type"] = "application/x-www-form-urlencoded"
    asked["headers"]["x-twilio-signature"] = base64.b64encode(signature).decode()
    return urllib.parse.urlencode(said["form"])


answers = []
for asked in json.loads(sys.argv[1]):
    source = (asked["from"], 0)
    if asked.get("plain"):
        connection = http.client.HTTPConnection("127.0.0.1", asked["port"], source_address=source, timeout=30)
    else:
        trust = ssl.create_default_context(cafile=asked["ca"])
        connection = http.client.HTTPSConnection("localhost", asked["port"], source_address=source, timeout=30, context=trust)
    body = signed(asked) if "twilio" in asked else asked["body"]
    connection.request(asked["method"], asked["path"], body.encode(), asked["headers"])
    answer = connection.getresponse()
    answers.append([answer.status, answer.read().decode()])
print(json.dumps(answers))
