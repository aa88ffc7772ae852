"""The other side of a broker: sends to it and reads from it, by pika, which shares no line with us.

peer.py PORT publish QUEUE FROM TO [plain]   messages {"id": N} with message-id m-N; plain: without one
peer.py PORT raw QUEUE TEXT                  this text, with message-id raw
peer.py PORT drain QUEUE                     all that is in it, a JSON object a line, and it is empty then
peer.py PORT count QUEUE                     how many are in it
"""

import json
import sys

import pika

port, command, queue, *rest = sys.argv[1:]
connection = pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", int(port)))
channel = connection.channel()

if command == "publish":
    channel.confirm_delivery()
    for n in range(int(rest[0]), int(rest[1])):
        named = None if "plain" in rest else f"m-{n}"
        properties = pika.BasicProperties(message_id=named, delivery_mode=2, headers={"x-tenant": "north"}, correlation_id=f"c-{n}")
        channel.basic_publish("", queue, json.dumps({"id": n}).encode(), properties, mandatory=True)
elif command == "raw":
    channel.confirm_delivery()
    channel.basic_publish("", queue, rest[0].encode(), pika.BasicProperties(message_id="raw", delivery_mode=2), mandatory=True)
elif command == "drain":
    while True:
        method, properties, body = channel.basic_get(queue, auto_ack=True)
        if method is None:
            break
        print(json.dumps({
            "message_id": properties.message_id,
            "delivery_mode": properties.delivery_mode,
            "correlation_id": properties.correlation_id,
            "content_type": properties.content_type,
            "headers": sorted(properties.headers or {}),
            "routing_key": method.routing_key,
            "body": json.loads(body),
        }))
elif command == "count":
    print(channel.queue_declare(queue, passive=True).method.message_count)
connection.close()
