"""`kramers --serve`: the program driven over a socket, as the kernel does it.

What it prints goes through two pipes, requests and replies through the socket;
Sources/KramersShell/Service.swift says what they are.
"""

import codecs
import json
import os
import selectors
import signal
import socket
import subprocess


class Program:
    """The process, and what it says between a request and the reply that ends it."""

    def __init__(self, path):
        self.socket, end = socket.socketpair()
        # ipykernel ignores SIGINT; a child would inherit that, and could not be interrupted.
        before = signal.signal(signal.SIGINT, signal.SIG_DFL)
        try:
            self.process = subprocess.Popen(
                [path, "--format", "table", "--color", "never", "--serve", str(end.fileno())],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                pass_fds=[end.fileno()],
                # Ctrl-C in the terminal of Jupyter is the kernel's to pass on.
                start_new_session=True,
            )
        finally:
            signal.signal(signal.SIGINT, before)
        end.close()
        self.streams = {"stdout": self.process.stdout.fileno(), "stderr": self.process.stderr.fileno()}
        self.selector = selectors.DefaultSelector()
        for name, descriptor in self.streams.items():
            os.set_blocking(descriptor, False)
            self.selector.register(descriptor, selectors.EVENT_READ, name)
        self.selector.register(self.socket, selectors.EVENT_READ, None)
        self.pending = b""
        # They keep the beginning of a character whose other bytes are still in the pipe.
        utf8 = codecs.getincrementaldecoder("utf-8")
        self.decoders = {name: utf8(errors="replace") for name in self.streams}

    def ask(self, verb, code, point=0, take=lambda kind, value: None):
        """Sends a request; `take` gets ("stdout", text), ("stderr", text) and ("reply", record) in
        the order in which they were made. Returns the last reply; None if the program has ended.
        """
        try:
            self.socket.sendall(b"%s %d %d\n" % (verb.encode(), len(code), point) + code)
        except OSError:
            return None
        while True:
            for key, _ in self.selector.select():
                if key.data:
                    self.drain(key.data, take)
            while b"\n" not in self.pending:
                try:
                    more = self.socket.recv(1 << 16, socket.MSG_DONTWAIT)
                except BlockingIOError:
                    break
                except OSError:
                    more = b""
                if not more:
                    for name in self.streams:
                        self.drain(name, take)
                    return None
                self.pending += more
            while b"\n" in self.pending:
                line, self.pending = self.pending.split(b"\n", 1)
                # It was printed before the reply was sent.
                for name in self.streams:
                    self.drain(name, take)
                reply = json.loads(line)
                if reply["kind"] == "done":
                    return reply
                take("reply", reply)

    def drain(self, name, take):
        while True:
            try:
                bytes = os.read(self.streams[name], 1 << 16)
            except BlockingIOError:
                return
            if not bytes:
                if self.streams[name] in self.selector.get_map():
                    self.selector.unregister(self.streams[name])
                return
            text = self.decoders[name].decode(bytes)
            if text:
                take(name, text)

    def end(self):
        self.socket.close()
        try:
            return self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()
