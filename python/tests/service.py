"""`kramers --serve` without our package: python3 service.py FOLDER, with the program as $KRAMERS."""

import json
import os
import signal
import socket
import subprocess
import sys
import time

program, count = os.environ["KRAMERS"], 0


def check(condition, words):
    global count
    assert condition, words
    count += 1


def start(output=subprocess.PIPE, ignored=None):
    ours, its = socket.socketpair()
    process = subprocess.Popen(
        [program, "--format", "table", "--color", "never", "--serve", str(its.fileno())],
        stdin=subprocess.DEVNULL, stdout=output, stderr=output, pass_fds=[its.fileno()],
        preexec_fn=(lambda: signal.signal(ignored, signal.SIG_IGN)) if ignored else None,
    )
    its.close()
    ours.settimeout(60)
    return ours, process


def send(ours, verb, code, point=0):
    ours.sendall(b"%s %d %d\n" % (verb, len(code), point) + code)


def replies(ours, count=1):
    text = b""
    while True:
        more = ours.recv(1 << 16)
        assert more, text
        text += more
        if text.endswith(b"\n"):
            records = [json.loads(line) for line in text.splitlines()]
            if sum(r["kind"] == "done" for r in records) == count:
                return records


def ended(process, words, allowed):
    """It ends by itself in a few seconds, with one of these statuses."""
    try:
        status = process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise AssertionError(f"{words}: still there") from None
    check(status in allowed, f"{words}: status {status}")


# What it answers.
ours, process = start()
send(ours, b"execute", b"x = 3; x * 2")
first = replies(ours)
check([r["kind"] for r in first] == ["value", "done"] and first[0]["text"] == "6", first)
send(ours, b"execute", b"error('no')")
first = replies(ours)
check(first[0]["kind"] == "failure" and "no" in first[0]["words"], first)
send(ours, b"complete", b"measure_es", 10)
check(replies(ours)[0]["candidates"][0]["text"] == "measure_escape", "complete")
send(ours, b"whole", b"for i = 1, 2 do")
check(replies(ours)[0]["whole"] is False, "whole")
send(ours, b"nonsense", b"")
check("nonsense" in replies(ours)[0]["failure"], "an unknown request")
# Two at once, the first in parts.
ours.sendall(b"execute 1 0")
time.sleep(0.2)
ours.sendall(b"\nxexecute 5 0\nx + 1")
check([r["text"] for r in replies(ours, 2) if r["kind"] == "value"][0] == "3", "parts")
ours.close()
ended(process, "closed between two requests", [0])

# What is no request ends it.
for words in [b"hello\n", b"execute 5\n", b"execute -1 0\n", b"execute 1 2\nx", b"x" * 200]:
    ours, process = start()
    ours.sendall(words)
    ended(process, words, [0])
for words in ["99", "0", "-1"]:
    run = subprocess.run(
        [program, "--serve=" + words], capture_output=True, stdin=subprocess.DEVNULL)
    check(run.returncode == 64 and b"descriptor of a socket" in run.stderr, run)

# The reader goes while an entry runs: it stops, and the program ends as by SIGHUP; a program that
# prints may find its output closed first.
experiment = (
    b"experiment{data = data.gaussian{singular = {.9, .6}, samples = 64, seed = 1}, depth = 3,"
    b" width = 2, lr = .05, seed = 3}; train(10); ")
busy = {
    "a loop": b"while true do end", "one that catches": b"while true do pcall(error) end",
    "a long training": experiment + b"train(10^12)",
    "an ensemble": experiment + b"measure_escape{temperature = 1e-9, replicas = 8,"
    b" max_steps = 10^12, observable = 'loss', threshold = -1}",
}
for name, code in busy.items():
    ours, process = start()
    send(ours, b"execute", code)
    time.sleep(1)
    check(process.poll() is None, name)
    ours.close(), process.stdout.close(), process.stderr.close()
    ended(process, name, [-signal.SIGHUP, -signal.SIGPIPE])
ours, process = start(subprocess.DEVNULL)
send(ours, b"execute", busy["a loop"])
send(ours, b"execute", busy["a loop"])  # one that waits does not begin
time.sleep(1)
ours.close()
ended(process, "two loops", [-signal.SIGHUP])
for ignored in [signal.SIGHUP, signal.SIGPIPE]:
    ours, process = start(subprocess.DEVNULL, ignored)
    send(ours, b"execute", busy["a loop"])
    time.sleep(1)
    ours.close()
    ended(process, f"{ignored} ignored", [-signal.SIGHUP])
ours, process = start()
send(ours, b"execute", b"while true do print('x') end")
time.sleep(0.5)
ours.close(), process.stdout.close(), process.stderr.close()
ended(process, "printing", [-signal.SIGHUP, -signal.SIGPIPE])
ours, process = start(subprocess.DEVNULL)
send(ours, b"execute", busy["a loop"])
time.sleep(1)
process.send_signal(signal.SIGINT)
check(replies(ours)[0]["interrupt"], "SIGINT stops the entry alone")
send(ours, b"execute", busy["a loop"])
time.sleep(1)
process.terminate()
ended(process, "SIGTERM", [-signal.SIGTERM])
print(count, "checks")
