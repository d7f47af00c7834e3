"""kramers.read against the program: python3 reading.py FOLDER, with the program as $KRAMERS."""

import io
import json
import math
import os
import subprocess
import sys

import numpy
import pandas
from safetensors.numpy import load_file

import kramers

folder, program, count = sys.argv[1], os.environ["KRAMERS"], 0


def check(condition, words):
    global count
    assert condition, words
    count += 1


def run(*arguments):
    return subprocess.run([program, *arguments], capture_output=True, check=True).stdout


def refused(error, body):
    try:
        body()
    except error as caught:
        return str(caught)
    raise AssertionError(f"no {error.__name__}")


code = """
experiment{data = data.gaussian{singular = {.9, .6}, samples = 64, seed = 1}, depth = 3, width = 2,
  lr = .05, bias = %s, batch = "full", seed = 3}
train(7)
x, r, list = current(), noise(), {noise(), noise()}
s = snapshot()
x:export("%s")
emit(r)
train(10)
e = measure_escape{temperature = 2e-4, replicas = 8, max_steps = 10, observable = "loss",
  threshold = 0}
emit(e)
emit{x = 1 / 0, y = {1, 0 / 0, {a = -1 / 0}}, ["p.q"] = 1 / 0, s = "<ü>"}
emit{x = 2.5, n = 2^53 // 1 | 0}
"""

for bias in ["false", "true"]:
    path = f"{folder}/{bias}.safetensors"
    written = run("--session", f"{folder}/{bias}.kramers", "-e", code % (bias, path))
    with open(f"{folder}/{bias}.jsonl", "wb") as file:
        file.write(written)
    lines = [json.loads(line) for line in written.splitlines()]

    # JSON Lines, from a path, a stream of bytes, a stream of text, and gzip.
    frames = kramers.read(f"{folder}/{bias}.jsonl")
    for other in [
        kramers.read(io.BytesIO(written)), kramers.read(io.StringIO(written.decode())),
    ]:
        for kind in frames:
            check(frames[kind].to_json() == other[kind].to_json(), kind)
    check(frames.header == lines[0] and frames.header["program"] == "kramers", "header")
    check(list(frames) == ["noise", "escape", "record"], list(frames))
    for name, value in lines[1].items():
        check(frames["noise"].loc[0, name] == value, name)
    escape, row = frames["escape"], lines[2]
    check(row["censored"] == 8 and escape.loc[0, "tau"] == math.inf, "tau of no escape is infinite")
    check(escape.loc[0, "tau_low"] == row["tau_low"] > 0, "its lower end")
    record = frames["record"]
    check(record.loc[0, "x"] == math.inf and record.loc[1, "x"] == 2.5, "x")
    y = record.loc[0, "y"]
    check(y[0] == 1 and math.isnan(y[1]) and y[2]["a"] == -math.inf, "nonfinite inside of lists")
    check(record.loc[0, "p.q"] == math.inf and record.loc[0, "s"] == "<ü>", "names with points")

    # The session.
    lab = kramers.read(f"{folder}/{bias}.kramers")
    check(set(lab.results) == {"r", "e", "list[1]", "list[2]"}, lab.results.keys())
    check(lab.results["r"] == lines[1] and lab.results["e"]["tau"] == math.inf, "results")
    check(list(lab.frames["noise"]["name"]) == ["list[1]", "list[2]", "r"], "frames")
    check(code.strip()[:20] in lab["journal"].loc[0, "source"], "journal")
    check("no_table" in refused(KeyError, lambda: lab["no_table"]), "a table that is not there")
    objects = lab["object"]
    position = int(objects[(objects.kind == "snapshot") & (objects.state == 0)].position.iloc[0])
    arrays = kramers.weights(path)
    check(arrays.keys() == load_file(path).keys(), "names")
    for name, array in load_file(path).items():
        check(array.dtype == arrays[name].dtype and numpy.array_equal(array, arrays[name]), name)
    for number, (weight, offset) in enumerate(lab.weights(position)):
        check(numpy.array_equal(weight, arrays[f"layers.{number}.weight"]), "weights of the snapshot")
        check((offset is None) == (bias == "false"), "biases")
        if offset is not None:
            check(numpy.array_equal(offset, arrays[f"layers.{number}.bias"]), "biases")
    later = lab.weights()
    check(not numpy.array_equal(later[0][0], lab.weights(position)[0][0]), "the current state")

# What is no record is refused with its line.
with open(f"{folder}/bad.jsonl", "w") as file:
    file.write('{"kind":"a"}\n{"kind":')
check("bad.jsonl:2: not a record" in refused(ValueError, lambda: kramers.read(file.name)), "bad")
import sqlite3

other = sqlite3.connect(f"{folder}/other.db")
other.execute("CREATE TABLE t (x)")
other.commit()
check("no session" in refused(ValueError, lambda: kramers.read(f"{folder}/other.db")), "other")
import gzip

with gzip.open(f"{folder}/a.jsonl.gz", "wb") as file:
    file.write(written)
check(list(kramers.read(f"{folder}/a.jsonl.gz")) == list(frames), "gzip")
check(kramers.read(io.StringIO("")) == {}, "nothing")

# BF16, by numbers that it holds exactly.
values = numpy.array([[1.0, -2.5], [0.0, 3.140625]], dtype="<f4")
halves = (values.view("<u4") >> 16).astype("<u2").tobytes()
head = json.dumps({"w": {"dtype": "BF16", "shape": [2, 2], "data_offsets": [0, 8]}}).encode()
with open(f"{folder}/half.safetensors", "wb") as file:
    file.write(len(head).to_bytes(8, "little") + head + halves)
check(numpy.array_equal(kramers.read(file.name)["w"], values), "BF16")
# What docs/python.md shows.
import contextlib
import re

here = os.path.dirname(os.path.abspath(__file__))
page = open(os.path.join(here, "../../docs/python.md")).read()
os.chdir(folder)
(script,) = re.findall(r"```lua\n(.*?)```", page, re.S)
with open("escapes.lua", "w") as file:
    file.write(script)
with open("escapes.jsonl", "wb") as file:
    file.write(run("--session", "lab", "escapes.lua"))
said, names = io.StringIO(), {}
with contextlib.redirect_stdout(said):
    for block in re.findall(r"```python\n(.*?)```", page, re.S):
        exec(block, names)
check(len(names["escapes"]) == 3 and names["lab"].results["e"]["tau"] > 0, "the page's frames")
check(names["lab"].results["e"]["tau"] == names["escapes"].iloc[2].tau, "the session's last one")
for words in ["0.0004", kramers.__version__, "(2, 2)", "layers.0.weight"]:
    check(words in said.getvalue(), said.getvalue())
print(count, "checks")
