"""zeep as a caller of `examples/soap-facade`. call_zeep.py WSDL_URL PORT_NAME: two lines of JSON, an order and a fault."""

import json
import sys

from zeep import Client, exceptions

url, port = sys.argv[1:]
service = Client(url).bind("Orders", port)
order = service.GetOrder(OrderId="O-1")
line = order.Line[0]
shown = {"no": order.no, "customer": order.Customer, "status": order.Status, "sku": line.Sku, "quantity": float(line.Quantity)}
print(json.dumps({**shown, "price": float(line.Price._value_1), "currency": line.Price.currency}))
try:
    service.GetOrder(OrderId="O-2")
except exceptions.Fault as fault:
    detail = fault.detail[0]
    print(json.dumps({"code": fault.code.split(":")[-1], "fault": detail.tag, "key": detail[1].text}))
