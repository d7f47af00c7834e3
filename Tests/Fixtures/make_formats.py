#!/usr/bin/env python3
"""Writes Tests/KramersTests/Data/FormatFixtures.swift: files of numpy, safetensors and gzip as hex.

Needs numpy and safetensors:

    python3 -m venv venv && venv/bin/pip install numpy safetensors
    venv/bin/python Tests/Fixtures/make_formats.py > Tests/KramersTests/Data/FormatFixtures.swift

It also reads back, with the package safetensors, the bytes that kramers itself writes.
"""
import gzip
import io
import struct

import numpy as np
import safetensors.numpy

SIGNED = np.array([[-3, 0, 1], [2, 100, 7]])

# What `safetensors(network:parameters:)` writes for widths 2-3-1 with biases and parameters 1...13;
# the Swift test compares its output with this text.
OURS_HEADER = (
    '{"__metadata__":{"activation":"tanh","bias":"true","format":"kramers","widths":"2-3-1"},'
    '"layers.0.bias":{"data_offsets":[48,72],"dtype":"F64","shape":[3]},'
    '"layers.0.weight":{"data_offsets":[0,48],"dtype":"F64","shape":[3,2]},'
    '"layers.1.bias":{"data_offsets":[96,104],"dtype":"F64","shape":[1]},'
    '"layers.1.weight":{"data_offsets":[72,96],"dtype":"F64","shape":[1,3]}}'
)


def npy(array, version=(1, 0)):
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version=version, allow_pickle=True)
    return file.getvalue()


def idx(kind, shape, numbers):
    head = bytes([0, 0, kind, len(shape)]) + b"".join(struct.pack(">I", n) for n in shape)
    return head + numbers


def swift_list(name, kind, rows):
    print(f"let {name}: {kind} = [")
    for row in rows:
        print(f"  {row},")
    print("]")


def pieces(data):
    """A hex text as a Swift literal, in lines of 40 bytes."""
    text = data.hex()
    lines = [text[i : i + 80] for i in range(0, len(text), 80)]
    return '"""\n' + "\n".join("  " + line for line in lines) + '\n  """'


def main():
    print("// swift-format-ignore-file")
    print("// Made by Tests/Fixtures/make_formats.py with numpy, safetensors and gzip; do not edit.\n")

    rows = []
    for dtype in "b1 i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8".split():
        for order in "<>":
            source = SIGNED if dtype[0] in "if" else np.abs(SIGNED)
            array = source.astype(order + dtype)
            rows.append(f'("{order}{dtype}", {pieces(npy(array))})')
    print("/// [[-3, 0, 1], [2, 100, 7]] by dtype; absolute values where unsigned, 1 where true.")
    swift_list("npyByType", "[(dtype: String, hex: String)]", rows)

    base = SIGNED.astype("<f8")
    for name, data in [
        ("npyVersion2", npy(base, (2, 0))),
        ("npyVersion3", npy(base, (3, 0))),
        ("npyFortran", npy(np.asfortranarray(base))),
        ("npyFortranBig", npy(np.asfortranarray(SIGNED.astype(">i2")))),
        ("npyColumn", npy(np.array([0.1, -2.5, 1e300]))),
        ("npyNaN", npy(np.array([[1.0, 2.0], [3.0, np.nan]]))),
        ("npyScalar", npy(np.array(1.0))),
        ("npyCube", npy(np.zeros((2, 1, 2)))),
        ("npyEmpty", npy(np.zeros((0, 3)))),
        ("npyObject", npy(np.array([None, 1], dtype=object))),
        ("npyComplex", npy(np.array([1j]))),
        ("npyText", npy(np.array(["ab"]))),
        ("npyRecord", npy(np.array([(1, 2.0)], dtype=[("a", "<i4"), ("b", "<f8")]))),
        ("npyLongDouble", npy(np.array([1.0], dtype=np.longdouble))),
    ]:
        print(f"let {name} = {pieces(data)}")

    images = bytes([0, 255, 51, 102, 1, 2, 3, 4, 255, 255, 0, 0])
    labels = bytes([2, 0, 1])
    for name, data in [
        ("idxImages", idx(8, [3, 2, 2], images)),
        ("idxLabels", idx(8, [3], labels)),
        ("idxImagesGzip", gzip.compress(idx(8, [3, 2, 2], images), 9, mtime=0)),
        ("idxLabelsGzip", gzip.compress(idx(8, [3], labels), 9, mtime=0)),
        ("idxInt8", idx(9, [2], struct.pack(">2b", -1, 5))),
        ("idxInt16", idx(11, [2], struct.pack(">2h", -300, 5))),
        ("idxInt32", idx(12, [2], struct.pack(">2i", -70000, 5))),
        ("idxFloat", idx(13, [2], struct.pack(">2f", -0.5, 5))),
        ("idxDouble", idx(14, [2], struct.pack(">2d", -0.1, 5))),
    ]:
        print(f"let {name} = {pieces(data)}")

    tensors = {
        "layers.0.weight": np.arange(1, 7, dtype=np.float64).reshape(3, 2),
        "layers.0.bias": np.arange(7, 10, dtype=np.float64),
        "layers.1.weight": np.arange(10, 13, dtype=np.float64).reshape(1, 3),
        "layers.1.bias": np.array([13.0]),
    }
    print("/// Parameters 1...13 of a network 2-3-1 with biases, by the package safetensors.")
    print(f"let safetensorsF64 = {pieces(safetensors.numpy.save(tensors, {'note': 'python'}))}")
    single = {name: t.astype(np.float32) for name, t in tensors.items()}
    print(f"let safetensorsF32 = {pieces(safetensors.numpy.save(single))}")

    header = OURS_HEADER.encode()
    header += b" " * (-len(header) % 8)
    ours = struct.pack("<Q", len(header)) + header + np.arange(1.0, 14.0).tobytes()
    read = safetensors.numpy.load(ours)
    assert read.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert np.array_equal(read[name], tensor) and read[name].dtype == np.float64, name
    print("/// What kramers writes for them; the package safetensors reads it back.")
    print(f"let safetensorsOurs = {pieces(ours)}")

    numbers = (
        "0.1 1e23 8.41e21 9007199254740993 9007199254740992.5 123456789012345678 2.2250738585072014e-308 "
        "5e-324 1.7976931348623157e308 4.9406564584124654e-324 0.500000000000000166533453693773481063 "
        "3.14159265358979323846264338327950288 1.00000000000000011102230246251565404 1e-27 7e27 "
        "9223372036854775807e-27 18446744073709551615 9999999999999999999e-19 6.02214076e23 "
        "1.00000000000000011102230246251565 179769313486231580793e289 2.4703282292062328e-324 "
        "0.000000000000000000000000000000000000000001 123456789.123456789e-20 8.5e-27 "
        "43.53e9 0.3 2.5e-1 1e22 1e-22 4503599627370497.5 4503599627370496.5 12345678901234567890123"
    ).split()
    print("/// Python's float() of texts, as bits.")
    swift_list(
        "pythonFloats", "[(text: String, bits: UInt64)]",
        [f'("{t}", 0x{struct.unpack("<Q", struct.pack("<d", float(t)))[0]:016x})' for t in numbers])


main()
