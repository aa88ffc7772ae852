"""The other side of a broker: sends to it and reads from it, by pika, which shares no line with us.

peer.py PORT publish QUEUE FROM TO [plain]   messages {"id": N} with message-id m-N; plain: without one
peer.py PORT put QUEUE TYPE ENCODING HEX ID  one message with this body; `-` leaves out
peer.py PORT move QUEUE TO                   all that is in it, as it is, with its message-id
peer.py PORT refuse QUEUE TIMES              takes the first one so often and gives it back, as who dies of it each time
peer.py PORT drain QUEUE                     all that is in it, a JSON object a line, and it is empty then
peer.py PORT count QUEUE [QUEUE...]          how many are in each
peer.py PORT bind|unbind QUEUE EXCHANGE KEY  binds it, or does so no longer
peer.py PORT purge QUEUE [QUEUE...]          and they are empty
"""

import json
import sys

import pika

port, command, queue, *rest = sys.argv[1:]
connection = pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", int(port)))
channel = connection.channel()


def given():
    """What is in the queue, taken out of it."""
    for method, properties, body in channel.consume(queue, auto_ack=True, inactivity_timeout=1):
        if method is None:
            return
        yield method, properties, body


if command == "publish":
    channel.confirm_delivery()
    for n in range(int(rest[0]), int(rest[1])):
        named = None if "plain" in rest else f"m-{n}"
        properties = pika.BasicProperties(message_id=named, delivery_mode=2, headers={"x-tenant": "north"}, correlation_id=f"c-{n}")
        channel.basic_publish("", queue, json.dumps({"id": n}).encode(), properties, mandatory=True)
elif command == "put":
    channel.confirm_delivery()
    kind, encoding, text, name = (None if value == "-" else value for value in rest)
    properties = pika.BasicProperties(content_type=kind, content_encoding=encoding, message_id=name, delivery_mode=2)
    channel.basic_publish("", queue, bytes.fromhex(text or ""), properties, mandatory=True)
elif command == "move":
    other = connection.channel()
    other.confirm_delivery()
    for method, properties, body in given():
        other.basic_publish("", rest[0], body, properties, mandatory=True)
elif command == "refuse":
    for _ in range(int(rest[0])):
        method = None
        while method is None:
            method, properties, body = channel.basic_get(queue)
        channel.basic_nack(method.delivery_tag, requeue=True)
elif command == "drain":
    for method, properties, body in given():
        try:
            body = json.loads(body)
        except ValueError:
            body = body.decode()
        print(json.dumps({
            "message_id": properties.message_id,
            "delivery_mode": properties.delivery_mode,
            "correlation_id": properties.correlation_id,
            "content_type": properties.content_type,
            "headers": sorted(properties.headers or {}),
            "routing_key": method.routing_key,
            "body": body,
        }))
elif command == "count":
    print(*(channel.queue_declare(name, passive=True).method.message_count for name in [queue, *rest]))
elif command == "bind":
    channel.queue_bind(queue, rest[0], rest[1])
elif command == "unbind":
    channel.queue_unbind(queue, rest[0], rest[1])
elif command == "purge":
    for name in [queue, *rest]:
        channel.queue_purge(name)
connection.close()
