"""The kernel against docs/notebook.ipynb: python3 notebook.py FOLDER, the program as $KRAMERS.

python3 notebook.py FOLDER --write rewrites the outputs in the notebook.
"""

import os
import subprocess
import sys
import time

import nbformat
from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient

folder, program, count = sys.argv[1], os.environ["KRAMERS"], 0
os.environ["JUPYTER_DATA_DIR"] = os.path.join(folder, "jupyter")
os.environ["KRAMERS_PYTHON"] = sys.executable
path = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "notebook.ipynb")


def check(condition, words):
    global count
    assert condition, words
    count += 1


installed = subprocess.run([program, "--jupyter", "install"], capture_output=True, text=True)
check(installed.returncode == 0, installed.stderr)
check(installed.stderr.rstrip().endswith("jupyter/kernels/kramers"), installed.stderr)
os.environ["KRAMERS_PYTHON"] = "/bin/false"
broken = subprocess.run([program, "--jupyter", "install"], capture_output=True, text=True)
check(broken.returncode == 66 and "pip install" in broken.stderr, broken.stderr)

# The notebook: what its cells give now stands in it.
notebook = nbformat.read(path, as_version=4)
before = [cell.get("outputs") for cell in notebook.cells]
NotebookClient(notebook, kernel_name="kramers", timeout=120).execute()
for cell in notebook.cells:
    cell.metadata.pop("execution", None)
if "--write" in sys.argv:
    nbformat.write(notebook, path)
else:
    for cell, outputs in zip(notebook.cells, before):
        check(cell.get("outputs") == outputs, f"{cell.source}\ngives {cell.get('outputs')}"[:2000])
kinds = {kind for c in notebook.cells for o in c.get("outputs", []) for kind in o.get("data", {})}
check(kinds == {"text/plain", "text/html", "image/svg+xml"}, kinds)

# What a notebook asks beside running cells.
manager, client = start_new_kernel(kernel_name="kramers")
try:
    def run(code, during=lambda: None):
        outputs = []
        request = client.execute(code)
        while True:
            message = client.get_iopub_msg(timeout=60)
            if message["parent_header"].get("msg_id") != request:
                continue
            content = message["content"]
            if message["msg_type"] == "status" and content["execution_state"] == "idle":
                break
            if message["msg_type"] == "execute_input":
                during()
            if message["msg_type"] in ("stream", "execute_result", "error", "display_data"):
                outputs.append((message["msg_type"], content))
        reply = client.get_shell_msg(timeout=60)
        while reply["parent_header"].get("msg_id") != request:
            reply = client.get_shell_msg(timeout=60)
        return outputs, reply["content"]

    def ask(request):
        reply = client.get_shell_msg(timeout=60)
        while reply["parent_header"].get("msg_id") != request:
            reply = client.get_shell_msg(timeout=60)
        return reply["content"]

    found = ask(client.complete("x = 1; measure_es", 17))
    check(found["matches"] == ["measure_escape"] and found["cursor_start"] == 7, found)
    found = ask(client.complete("train{ste", 9))
    check(found["matches"] == ["steps = "] and found["cursor_start"] == 6, found)
    found = ask(client.complete("-- ü\nlinsp", 10))
    check(found["matches"] == ["linspace"] and found["cursor_start"] == 5, found)
    check("steps to take" in ask(client.inspect("train{", 6))["data"]["text/plain"], "help")
    check(not ask(client.inspect("nothing_of_this", 15))["found"], "help of no name")
    check(ask(client.is_complete("for i = 1, 3 do"))["status"] == "incomplete", "incomplete")
    check(ask(client.is_complete("for i = 1, 3 do end"))["status"] == "complete", "complete")

    outputs, reply = run("print('é' .. ('x'):rep(100000) .. 'ü'); io.stderr:write('beside'); 7")
    out = "".join(c["text"] for kind, c in outputs if kind == "stream" and c["name"] == "stdout")
    check(out == "é" + "x" * 100000 + "ü\n", out[:100])
    check([c["text"] for kind, c in outputs if c.get("name") == "stderr"] == ["beside"], "stderr")
    check(outputs[-1][1]["data"] == {"text/plain": "7"}, outputs[-1])

    outputs, reply = run("train{step = 5}")
    check(reply["status"] == "error" and "'steps'" in reply["evalue"], reply)
    check([kind for kind, _ in outputs] == ["error"], outputs)

    def interrupt():
        time.sleep(0.5)
        manager.interrupt_kernel()

    outputs, reply = run("kept = 5; while true do end", interrupt)
    check(reply["status"] == "error" and reply["ename"] == "Interrupted", reply)
    manager.interrupt_kernel()  # between two cells it stops neither
    time.sleep(0.3)
    outputs, reply = run("kept")
    check(outputs == [("execute_result", outputs[0][1])], outputs)
    check(outputs[0][1]["data"]["text/plain"] == "5", outputs)

    outputs, reply = run("os.exit(3)")
    check("status 3" in reply["evalue"], reply)
    outputs, reply = run("kept")
    check(reply["status"] == "error" and "unknown name 'kept'" in reply["evalue"], reply)
finally:
    client.stop_channels()
    manager.shutdown_kernel()
print(count, "checks")
