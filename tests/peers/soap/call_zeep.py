"""zeep as a caller of `examples/soap-facade`. call_zeep.py WSDL_URL PORT_NAME [USER PASSWORD text|digest]

With CLIENT_CERT and CLIENT_KEY it shows that certificate; whom it trusts is in REQUESTS_CA_BUNDLE.
Two lines of JSON, an order and a fault; with a user that is not let in: one line, the fault."""

import datetime
import json
import os
import sys

import requests
from zeep import Client, Transport, exceptions
from zeep.wsse import utils
from zeep.wsse.username import UsernameToken

url, port, *who = sys.argv[1:]
token = None
if who:
    user, password, form = who
    made = datetime.datetime.now(datetime.timezone.utc)
    stamp = utils.WSU.Timestamp(
        utils.WSU.Created(made.strftime("%Y-%m-%dT%H:%M:%SZ")),
        utils.WSU.Expires((made + datetime.timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%SZ")),
    )
    token = UsernameToken(user, password, use_digest=form == "digest", timestamp_token=stamp)
session = requests.Session()
if "CLIENT_CERT" in os.environ:
    session.cert = (os.environ["CLIENT_CERT"], os.environ["CLIENT_KEY"])
service = Client(url, wsse=token, transport=Transport(session=session)).bind("Orders", port)
try:
    order = service.GetOrder(OrderId="O-1")
except exceptions.Fault as fault:
    print(json.dumps({"code": fault.code.split(":")[-1], "says": fault.message}))
    sys.exit()
line = order.Line[0]
shown = {"no": order.no, "customer": order.Customer, "status": order.Status, "sku": line.Sku, "quantity": float(line.Quantity)}
print(json.dumps({**shown, "price": float(line.Price._value_1), "currency": line.Price.currency}))
try:
    service.GetOrder(OrderId="O-2")
except exceptions.Fault as fault:
    detail = fault.detail[0]
    print(json.dumps({"code": fault.code.split(":")[-1], "fault": detail.tag, "key": detail[1].text}))
