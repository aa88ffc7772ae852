"""Orders that change, page by page, on ariadne, as changed.mjs has them. Usage: changed.py SCHEMA. The first line is its port."""

import json
import sys
import threading
from datetime import datetime, timedelta
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from ariadne import ObjectType, QueryType, make_executable_schema
from ariadne.wsgi import GraphQL
from graphql import GraphQLError

PAGE = 10
query, order_type = QueryType(), ObjectType("Order")


def at(minute):
    return (datetime(2026, 1, 2) + timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M:%SZ")


orders = [{"id": str(n), "total": n + 0.5, "updatedAt": at(n)} for n in range(25)]
asked, waiting, now = [], [], {"mode": "ok"}


@query.field("changed")
def changed(_, info, since, after=None):
    asked.append({"since": since, "after": after})
    if now["mode"] == "null":
        raise GraphQLError("the database is gone")
    if now["mode"] == "throttled":
        raise GraphQLError("slow down", extensions={"code": "THROTTLED"})
    found = sorted((order for order in orders if order["updatedAt"] >= since), key=lambda order: order["updatedAt"])
    begin = int(after) if after else 0
    more = begin + PAGE < len(found)
    return {"nodes": found[begin : begin + PAGE], "pageInfo": {"hasNextPage": more, "endCursor": str(begin + PAGE) if more else None}}


@order_type.field("parcel")
def parcel(order, info):
    if now["mode"] == "partial" and order["id"].endswith("3"):
        raise GraphQLError("the warehouse is out of reach")
    return "P" + order["id"]


with open(sys.argv[1], encoding="utf-8") as schema:
    graphql = GraphQL(make_executable_schema(schema.read(), query, order_type), logger="quiet")


def app(environ, start):
    def answer(value):
        start("200 OK", [("content-type", "application/json")])
        return [json.dumps(value).encode()]

    path = environ["PATH_INFO"]
    if path == "/asked":
        return answer(asked)
    if path == "/next":
        waiting[:] = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        return answer(waiting)
    if path.startswith("/touch/"):
        _, _, number, total = path.split("/")
        orders[int(number)].update(total=float(total), updatedAt=at(60))
        return answer(orders[int(number)])
    now["mode"] = waiting.pop(0) if waiting else "ok"
    if now["mode"] == "hang":
        threading.Event().wait(30)
    if now["mode"] == "unwell":
        start("503 Service Unavailable", [("content-type", "text/html"), ("retry-after", "0")])
        return [b"<h1>Back soon</h1>"]
    return graphql({**environ, "PATH_INFO": "/"}, start)


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


class Threads(ThreadingMixIn, WSGIServer):
    daemon_threads = True


server = make_server("127.0.0.1", 0, app, server_class=Threads, handler_class=Quiet)
print(server.server_port, flush=True)
server.serve_forever()
