"""An ERP on spyne, code-first: its faults are unqualified, and its types are its own. server_spyne.py PORT"""

import datetime
import decimal
import sys
from wsgiref.simple_server import WSGIRequestHandler, make_server

from spyne import Application, ComplexModel, Date, DateTime, Decimal, Fault, Integer, Long, ServiceBase, Unicode, XmlAttribute, XmlData, rpc
from spyne.protocol.soap import Soap11
from spyne.server.wsgi import WsgiApplication

TNS = "urn:example:erp:v1"
TYPES = "urn:example:erp:types:v1"


class Amount(ComplexModel):
    __namespace__ = TYPES
    value = XmlData(Decimal)
    currency = XmlAttribute(Unicode)


class OrderLine(ComplexModel):
    __namespace__ = TYPES
    no = XmlAttribute(Integer)
    Sku = Unicode
    Quantity = Decimal
    UnitPrice = Amount


class Order(ComplexModel):
    __namespace__ = TYPES
    OrderId = Unicode
    CustomerNumber = Unicode
    Line = OrderLine.customize(max_occurs="unbounded")


class NotFoundFault(Fault):
    __namespace__ = TNS

    def __init__(self, key):
        super().__init__("Server.NotFound", "no such order", detail={"NotFoundFault": {"Entity": "Order", "Key": key}})


class Erp(ServiceBase):
    @rpc(Unicode(min_occurs=1), _returns=Order, _out_variable_name="Order")
    def GetOrder(ctx, OrderId):
        if OrderId == "boom":
            raise RuntimeError("ORA-00060: deadlock detected")
        if OrderId != "O-1":
            raise NotFoundFault(OrderId)
        price = Amount(value=decimal.Decimal("9.90"), currency="EUR")
        line = OrderLine(no=1, Sku="007", Quantity=decimal.Decimal("2.500"), UnitPrice=price)
        return Order(OrderId=OrderId, CustomerNumber="000001", Line=[line])


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


application = Application([Erp], TNS, name="ErpService", in_protocol=Soap11(), out_protocol=Soap11())
make_server("127.0.0.1", int(sys.argv[1]), WsgiApplication(application), handler_class=Quiet).serve_forever()
