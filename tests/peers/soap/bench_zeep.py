"""zeep's codec alone: an answer to objects, values to a request. bench_zeep.py WSDL ANSWER.xml REQUEST.json MILLISECONDS"""

import json
import resource
import sys
import time

from lxml import etree
from zeep import Client, Settings

wsdl, answer, request, milliseconds = sys.argv[1:]
client = Client(wsdl, settings=Settings(xml_huge_tree=True))
port = next(iter(client.wsdl.services["ErpService"].ports.values()))
answered = port.binding._operations["ListCustomers"]
xml = open(answer, "rb").read()


def plain(value):
    if isinstance(value, list):
        return [plain(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {"_value_1" if key == "#text" else key.lstrip("@"): plain(one) for key, one in value.items()}


asked = plain(json.load(open(request), parse_float=str))


def best(work):
    """Megabytes a second of the best round."""
    pace, began, rounds = 0, time.monotonic(), 0
    while rounds < 2 or (time.monotonic() - began) * 1000 < float(milliseconds):
        start = time.monotonic()
        count = work()
        pace, rounds = max(pace, count / (time.monotonic() - start) / 1e6), rounds + 1
    return pace


def most():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def decode():
    given = answered.process_reply(etree.fromstring(xml, etree.XMLParser(huge_tree=True)))
    assert len(given) > 1 or len(given["Customer"]) > 1
    return len(xml)


def encode():
    return len(etree.tostring(client.create_message(client.service, "CreateInvoice", **asked)))


decoded = best(decode)
decode_rss = most()
print(json.dumps({"decode": decoded, "encode": best(encode), "decode_rss": decode_rss, "rss": most()}))
