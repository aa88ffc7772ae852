"""Evaluates the example's map with jq 1.8.2 (PyPI jq==1.13.0) and prints the contacts, one JSON line each.

The independent second opinion on maps/customer-to-contact.yaml: the expressions run in jq itself; only what jq cannot say
(`text`, `attr`, `zoned`, absent) is said here. Sums are doubles in jq, so sums compare by value and not by digits.
"""
import datetime, json, sys, zoneinfo
import jq, yaml

ABSENT = object()

class Exact(str):
    """A number token."""

PRELUDE = 'def text: .["#text"]; def attr($n): .["@" + $n]; def zoned($z): {zoned: ., zone: $z}; '
PROGRAMS = {}

def local(value):
    """RFC 3339 of a local time: of two, the earlier."""
    time = datetime.datetime.fromisoformat(value["zoned"]).replace(tzinfo=zoneinfo.ZoneInfo(value["zone"]))
    return time.isoformat()

def evaluate(expression, source):
    program = PROGRAMS.setdefault(expression, jq.compile(PRELUDE + f"({expression}) | tojson"))
    results = program.input_text(source).all()
    assert len(results) <= 1, f"{expression}: two results"
    if not results:
        return ABSENT, None
    value = json.loads(results[0], parse_float=Exact, parse_int=Exact)
    if isinstance(value, dict) and "zoned" in value:
        value = local(value) if value["zoned"] is not None else None
        return value, json.dumps(value)
    return value, results[0]

def absent_path(expression, source):
    """A bare path keeps absent apart from null; jq alone cannot tell them."""
    parts = expression.split(".")
    return len(parts) == 2 and parts[0] == "" and parts[1].isidentifier() and parts[1] not in json.loads(source)

def field(rule, source):
    if isinstance(rule, (bool, int, float)):
        return rule
    if isinstance(rule, str):
        return ABSENT if absent_path(rule, source) else evaluate(rule, source)[0]
    if "value" in rule:
        return rule["value"]
    value, token = (ABSENT, None) if absent_path(rule["from"], source) else evaluate(rule["from"], source)
    if value is ABSENT or value is None:
        return rule.get("default", value)
    if "table" in rule:
        assert value in rule["table"] or rule["otherwise"] != "fail", f"{value} is not in the table"
        return rule["table"].get(value, rule.get("otherwise"))
    return evaluate(rule["then"], token)[0] if "then" in rule else value

def record(fields, source):
    target = {}
    for name, rule in fields.items():
        if name.endswith("[]"):
            items = jq.compile(PRELUDE + f"({rule['each']})[] | tojson").input_text(source).all()
            target[name[:-2]] = [record(rule["fields"], item) for item in items]
            continue
        value = field(rule, source)
        if value is ABSENT or (value is None and name not in NULLABLE):
            continue
        *parents, leaf = name.split(".")
        place = target
        for parent in parents:
            place = place.setdefault(parent, {})
        place[leaf] = value
    return target

def write(value):
    """JSON with each number as jq wrote it."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(name)}:{write(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(write, value)) + "]"
    return str(value) if isinstance(value, Exact) else json.dumps(value, ensure_ascii=False)

NULLABLE = {"vatNumber"}

def main(map_file, customers_file):
    fields = yaml.safe_load(open(map_file, encoding="utf-8"))["fields"]
    for customer in open(customers_file, encoding="utf-8"):
        print(write(record(fields, customer)))

main(*sys.argv[1:])
