import gzip
import json
import os
import sqlite3
import struct

import numpy
import pandas

APPLICATION_ID = 1265787245
NEWEST = 2  # version of the session file; docs/session-file.md


class Frames(dict):
    """One pandas frame for each `kind` of record; `header` is the dict of the header line.

    A field that a record does not have is NaN or None in its row, as pandas does it."""

    header = None


def read(source):
    """Records and sessions, by what `source` holds.

    source: a path (JSON Lines, plain or gzip; a session `NAME.kramers`; safetensors), or a stream
        of JSON Lines, as text or bytes.
    Returns `Frames`, a `Session`, or for safetensors a dict of arrays.
    Raises ValueError with the line for what is no record: nothing is left out silently.
    """
    if not isinstance(source, (str, os.PathLike)):
        return _frames(source, getattr(source, "name", "stream"))
    path = os.fspath(source)
    if path.endswith(".safetensors"):
        return weights(path)
    with open(path, "rb") as file:
        head = file.peek(16)[:16]
        if head.startswith(b"SQLite format 3\0"):
            return Session(path)
        return _frames(gzip.open(file) if head.startswith(b"\x1f\x8b") else file, path)


def _frames(lines, name):
    rows, frames = {}, Frames()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError as error:
            raise ValueError(f"{name}:{number}: not a record: {error}") from None
        if not isinstance(record, dict):
            record = {"value": record}
        record = _restored(record)
        kind = record.get("kind", "record")
        if kind == "header" and record.get("program") == "kramers":
            frames.header = frames.header or record
        else:
            rows.setdefault(str(kind), []).append(record)
    for kind, records in rows.items():
        frames[kind] = pandas.DataFrame(records)
    return frames


def _restored(record):
    """With infinities and NaN where JSON had null and `nonfinite` says what it was."""
    record = dict(record)
    for path, word in record.pop("nonfinite", {}).items():
        if not _put(record, path.split("."), float(word)):
            raise ValueError(f"nothing at {path}, which nonfinite names")
    return record


def _put(place, parts, value):
    """Puts `value` where the path leads to a null; a name may itself hold points."""
    for count in range(1, len(parts) + 1):
        name = ".".join(parts[:count])
        if isinstance(place, list):
            name = int(name) - 1 if name.isdigit() else None
            found = name is not None and 0 <= name < len(place)
        else:
            found = name in place
        if found and count == len(parts) and place[name] is None:
            place[name] = value
            return True
        if found and isinstance(place[name], (dict, list)):
            if _put(place[name], parts[count:], value):
                return True
    return False


class Session:
    """A session, opened for reading; `session["journal"]` is any of its tables as a frame."""

    def __init__(self, path):
        # A path may hold ? and #, which mean something in a URI.
        place = "".join(c if c not in "?#%" else f"%{ord(c):02x}" for c in os.path.abspath(path))
        self._file = sqlite3.connect(f"file:{place}?mode=ro", uri=True)
        (application,) = self._file.execute("PRAGMA application_id").fetchone()
        (version,) = self._file.execute("PRAGMA user_version").fetchone()
        if application != APPLICATION_ID:
            raise ValueError(f"{path}: a database, but no session of Kramers")
        if version > NEWEST:
            raise ValueError(f"{path}: version {version}, and this package reads up to {NEWEST}")

    def __getitem__(self, table):
        if (table,) not in self._file.execute("SELECT name FROM sqlite_schema").fetchall():
            raise KeyError(table)
        frame = pandas.read_sql(f'SELECT * FROM "{table}"', self._file)
        if "source" in frame:
            frame["source"] = [bytes(b).decode(errors="replace") for b in frame["source"]]
        return frame

    @property
    def results(self):
        """name -> record, as a dict."""
        rows = self._file.execute("SELECT name, json FROM result ORDER BY position")
        return {name: _restored(json.loads(text)) for name, text in rows}

    @property
    def frames(self):
        """The results as `read` gives those of JSON Lines, with their `name`."""
        rows = {}
        for name, record in self.results.items():
            rows.setdefault(record.get("kind", "record"), []).append({"name": name, **record})
        return Frames((kind, pandas.DataFrame(records)) for kind, records in rows.items())

    def array(self, id):
        """An array by its id, a copy in double precision."""
        parts = self._file.execute("SELECT bytes FROM content WHERE id = ? ORDER BY part", (id,))
        parts = [part for (part,) in parts]
        if not parts:
            raise KeyError(id)
        return numpy.frombuffer(b"".join(parts), dtype="<f8").copy()

    def weights(self, position=None):
        """[(W, b), ...] of the experiment or snapshot at this position of the table `object`; of
        the current experiment where none is given. W is outputs x inputs; b is None without biases.
        """
        if position is None:
            (position,) = self._file.execute("SELECT current FROM state WHERE id = 0").fetchone()
        row = self._file.execute(
            "SELECT widths, bias, parameters FROM object JOIN experiment"
            " ON experiment.id = object.experiment WHERE state = 0 AND position = ?",
            (position,),
        ).fetchone()
        if row is None:
            raise KeyError(position)
        widths, theta, start, layers = json.loads(row[0]), self.array(row[2]), 0, []
        for inputs, outputs in zip(widths, widths[1:]):
            end = start + inputs * outputs
            layer = theta[start:end].reshape(outputs, inputs)
            start = end + (outputs if row[1] else 0)
            layers.append((layer, theta[end:start] if row[1] else None))
        return layers


TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "U8": "u1"}


def weights(path):
    """Arrays by name of a safetensors file, as `x:export(path)` writes it."""
    with open(path, "rb") as file:
        head = file.read(8)
        if len(head) < 8:
            raise ValueError(f"{path}: no safetensors file")
        header = json.loads(file.read(struct.unpack("<Q", head)[0]))
        data = file.read()
    header.pop("__metadata__", None)
    arrays = {}
    for name, entry in header.items():
        start, end = entry["data_offsets"]
        if entry["dtype"] == "BF16":  # the upper half of a number in single precision
            halves = numpy.frombuffer(data[start:end], dtype="<u2").astype("<u4")
            arrays[name] = (halves << 16).view("<f4").reshape(entry["shape"])
            continue
        if entry["dtype"] not in TYPES:
            raise ValueError(f"{path}: {name} is {entry['dtype']}, which numpy does not have")
        array = numpy.frombuffer(data[start:end], dtype=TYPES[entry["dtype"]])
        arrays[name] = array.reshape(entry["shape"]).copy()
    return arrays
