"""Asks jq 1.8.2 (PyPI jq==1.13.0) what programs give, one batch a line, JSON both ways.

In:   {"programs": ["..", ..], "inputs": ["json", ..]}
Out:  for each input, for each program, its results as compact JSON texts; "!" is a failure, "? REASON" a program that jq cannot read.

A batch is one jq program, since reading a program costs jq more than running it.
"""
import json
import sys

import jq


def one(program):
    return f'[try (({program}\n)|tojson) catch "!"]'


def asked(programs, inputs):
    try:
        compiled = jq.compile("[" + ",".join(map(one, programs)) + "]")
        return [compiled.input_text(given).first() for given in inputs]
    except ValueError as error:
        if len(programs) == 1:
            return [[[f"? {error}"]] for _ in inputs]
        half = len(programs) // 2
        pairs = zip(asked(programs[:half], inputs), asked(programs[half:], inputs))
        return [left + right for left, right in pairs]


for line in sys.stdin:
    batch = json.loads(line)
    print(json.dumps(asked(batch["programs"], batch["inputs"])), flush=True)
