"""The shop of examples/graphql on ariadne. Usage: server.py SCHEMA. The first line that it prints is its port."""

import sys
from wsgiref.simple_server import WSGIRequestHandler, make_server

from ariadne import ObjectType, QueryType, make_executable_schema
from ariadne.wsgi import GraphQL
from graphql import GraphQLError

query, order_type = QueryType(), ObjectType("Order")


@query.field("order")
def order(_, info, id):
    if id == "none":
        raise GraphQLError("no such order", extensions={"code": "NOT_FOUND"})
    return {"id": id, "total": 12.5, "state": "OPEN", "items": [{"sku": "A" + id, "count": 2}]}


@order_type.field("customer")
def customer(_, info):
    return {"id": "1", "name": "Ada", "country": "DE"}


@order_type.field("parcel")
def parcel(_, info):
    raise GraphQLError("the warehouse is out of reach")


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


with open(sys.argv[1], encoding="utf-8") as schema:
    app = GraphQL(make_executable_schema(schema.read(), query, order_type), logger="quiet")
server = make_server("127.0.0.1", 0, lambda environ, start: app({**environ, "PATH_INFO": "/"}, start), handler_class=Quiet)
print(server.server_port, flush=True)
server.serve_forever()
