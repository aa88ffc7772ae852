#!/usr/bin/env python3
"""Writes jq.tsv from programs.txt, and differences.tsv: program, input, and what jq 1.8.2 gives, tab-separated.

The oracle is jq 1.8.2, as PyPI's jq==1.13.0 builds it:  tests/peers/jq/.venv/bin/python oracle.py (tests/peers/setup.sh makes it)
Results stand as compact JSON behind one another; `ERROR` behind them where jq then fails.
"""
import os
import jq

here = os.path.dirname(os.path.abspath(__file__))


def ask(program, given):
    results = []
    try:
        for result in iter(jq.compile(f"({program}\n) | tojson").input_text(given)):
            results.append(result)
    except ValueError:
        results.append("ERROR")
    return " ".join(results)


with open(os.path.join(here, "programs.txt")) as source, open(os.path.join(here, "jq.tsv"), "w") as table:
    table.write("# Written by oracle.py with jq 1.8.2 (PyPI jq==1.13.0). Do not edit.\n")
    for line in source:
        line = line.rstrip("\n")
        if not line or line.startswith("#"):
            continue
        program, *inputs = line.split("\t")
        for given in inputs or ["null"]:
            table.write(f"{program}\t{given}\t{ask(program, given)}\n")

with open(os.path.join(here, "differences.txt")) as source, open(os.path.join(here, "differences.tsv"), "w") as table:
    table.write("# Written by oracle.py with jq 1.8.2 (PyPI jq==1.13.0) of differences.txt. Program, input, jq, ours, why.\n")
    for line in source:
        if not line.startswith("#"):
            program, given, ours, why = line.rstrip("\n").split("\t")
            table.write(f"{program}\t{given}\t{ask(program, given)}\t{ours}\t{why}\n")
