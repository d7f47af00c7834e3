"""The Jupyter kernel, of which `kramers --jupyter install` tells Jupyter."""

import glob
import html
import json
import os
import re
import signal
import sys
import tempfile

from ipykernel.kernelbase import Kernel

from .service import Program

NAME = re.compile(rb"[A-Za-z0-9_.:]*\Z")


class KramersKernel(Kernel):
    implementation = "kramers"
    implementation_version = "0.2.0"
    banner = "Kramers: an experiment shell for metastable phases of neural networks"
    language_info = {
        "name": "lua", "mimetype": "text/x-lua", "file_extension": ".lua", "pygments_lexer": "lua",
        "version": "5.4",
    }
    program = None

    def start(self):
        self.program = Program(os.environ.get("KRAMERS", "kramers"))
        super().start()

    # An interrupt is passed on to the program, and never lands in the reading of its answers.
    def pre_handler_hook(self):
        self.before = signal.signal(signal.SIGINT, lambda *_: self.interrupt())

    def post_handler_hook(self):
        signal.signal(signal.SIGINT, self.before)

    def interrupt(self):
        if self.program.process.poll() is None:
            self.program.process.send_signal(signal.SIGINT)

    def do_execute(self, code, silent, store_history=True, user_expressions=None, **_):
        failures = []

        def take(kind, value):
            if kind == "reply" and value["kind"] == "failure":
                failures.append(value)
            if silent:
                return
            if kind != "reply":
                self.send_response(self.iopub_socket, "stream", {"name": kind, "text": value})
            elif value["kind"] == "value":
                self.send_response(self.iopub_socket, "execute_result", {
                    "execution_count": self.execution_count, "data": shown(value), "metadata": {},
                })
            elif value["kind"] == "picture":
                self.send_response(self.iopub_socket, "display_data", {
                    "data": {"image/svg+xml": value["svg"], "text/plain": value["title"] or "plot"},
                    "metadata": {},
                })

        if self.program.ask("execute", code.encode(), take=take) is None:
            status = self.program.end()
            self.program = Program(os.environ.get("KRAMERS", "kramers"))
            failures.append({
                "words": f"the program has ended with status {status}; a new one begins from nothing",
                "interrupt": False,
            })
        if not failures:
            return {
                "status": "ok", "execution_count": self.execution_count, "payload": [],
                "user_expressions": {},
            }
        error = {
            "ename": "Interrupted" if failures[-1]["interrupt"] else "Error",
            "evalue": failures[-1]["words"].strip().split("\n")[0],
            "traceback": failures[-1]["words"].rstrip("\n").split("\n"),
        }
        if not silent:
            self.send_response(self.iopub_socket, "error", error)
        return {"status": "error", "execution_count": self.execution_count, **error}

    def do_complete(self, code, cursor_pos):
        before = code[:cursor_pos].encode()
        reply = self.program.ask("complete", code.encode(), len(before)) or {}
        word = NAME.search(before).group()
        names = [c["text"] for c in reply.get("candidates", [])]
        if reply.get("files"):
            word = re.search(rb"[^\"']*\Z", before).group()
            names += [p + "/" * os.path.isdir(p) for p in glob.glob(glob.escape(word.decode()) + "*")]
        word = word.decode()
        return {
            "status": "ok", "metadata": {}, "cursor_end": cursor_pos,
            "cursor_start": cursor_pos - len(word),
            "matches": sorted({name for name in names if name.startswith(word)}),
        }

    def do_inspect(self, code, cursor_pos, detail_level=0, omit_sections=()):
        """Help for the name at the cursor, or for what is called around it."""
        start = len(code[:cursor_pos]) - len(re.search(r"[\w.:]*\Z", code[:cursor_pos]).group())
        names = [re.match(r"[\w.:]*", code[start:]).group()]
        names += reversed(re.findall(r"([\w.:]+)\s*[({]", code[:cursor_pos]))
        for name in names:
            reply = self.program.ask("inspect", name.encode()) if name else None
            if reply and reply.get("text"):
                return {
                    "status": "ok", "found": True, "metadata": {}, "data": {"text/plain": reply["text"]},
                }
        return {"status": "ok", "found": False, "metadata": {}, "data": {}}

    def do_is_complete(self, code):
        reply = self.program.ask("whole", code.encode()) or {"whole": True}
        if reply["whole"]:
            return {"status": "complete"}
        return {"status": "incomplete", "indent": "  "}

    def do_shutdown(self, restart):
        self.program.end()
        return {"status": "ok", "restart": restart}


def shown(value):
    """A value as text, and of results as tables, too."""
    data = {"text/plain": value["text"]}
    if value["answers"]:
        data["text/html"] = "".join(map(page, value["answers"]))
    return data


def page(answer):
    def row(cells, tag="td"):
        return "<tr>" + "".join(f"<{tag}>{html.escape(str(c))}</{tag}>" for c in cells) + "</tr>"

    parts = [f"<p><b>{html.escape(answer['kind'])}</b> {html.escape(answer.get('summary') or '')}</p>"]
    if answer["fields"]:
        parts.append("<table>" + "".join(row([f["name"], f["words"]]) for f in answer["fields"]))
        parts.append("</table>")
    for table in answer["tables"]:
        parts.append(f"<table><caption>{html.escape(table['name'])}</caption>")
        parts += [row(table["columns"], "th"), *map(row, table["rows"]), "</table>"]
        if table["left"]:
            parts.append(f"<p>... {table['left']} more rows</p>")
    return "".join(parts)


def install(program, prefix=None):
    """Describes the kernel to Jupyter, for this user or below `prefix`; returns its folder."""
    from jupyter_client.kernelspec import KernelSpecManager

    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    description = {
        "argv": [sys.executable, "-m", "kramers.kernel", "-f", "{connection_file}"],
        "display_name": "Kramers", "language": "lua", "interrupt_mode": "signal",
        "env": {"KRAMERS": program, "PYTHONPATH": f"{package}{os.pathsep}${{PYTHONPATH}}"},
    }
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "kernel.json"), "w") as file:
            json.dump(description, file, indent=2)
        os.chmod(folder, 0o755)
        return KernelSpecManager().install_kernel_spec(
            folder, "kramers", user=prefix is None, prefix=prefix)


if __name__ == "__main__":
    from ipykernel.kernelapp import IPKernelApp

    IPKernelApp.launch_instance(kernel_class=KramersKernel)
