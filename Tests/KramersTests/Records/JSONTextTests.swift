import Testing

@testable import Kramers

private func read(_ text: String) throws(InputError) -> Record { try read(Array(text.utf8)) }

private func read(_ bytes: [UInt8]) throws(InputError) -> Record {
  try bytes.withUnsafeBytes { bytes in
    Result { () throws(InputError) in try record(fromJSON: bytes) }
  }.get()
}

@Suite("reading JSON")
struct JSONTextTests {
  @Test("values of every kind")
  func values() throws {
    #expect(
      try read(" {\"a\": [1, -2.5e1, true, false, null], \"b\": {}, \"c\": []} \n")
        == .object([
          .init("a", .array([.integer(1), .number(-25), .boolean(true), .boolean(false), .null])),
          .init("b", .object([])), .init("c", .array([])),
        ]))
    #expect(try read("\"\\u00e9\\ud83d\\ude00\\n\\\\ \u{e9}\"") == .text("é😀\n\\ é"))
    #expect(try read("9223372036854775807") == .integer(.max))
    #expect(try read("9223372036854775808") == .number(0x1p63))
    #expect(try read("-0") == .integer(0))
  }

  @Test("what JSON does not allow is refused")
  func refusals() {
    for text in [
      "", " ", "{", "[1", "[1,]", "{\"a\":1,}", "{a:1}", "{'a':1}", "01", "+1", ".5", "1.", "1e",
      "-",
      "nan", "1 2", "tru", "\"", "\"\n\"", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "\"\\udc00\"",
      "1e999",
      "{\"a\":1,\"a\":2}", "{\"a\" 1}", "[1 2]",
    ] {
      #expect(refusal { () throws(InputError) in try read(text) }.hasPrefix("json: "), "\(text)")
    }
    #expect(
      refusal { () throws(InputError) in try read([0x22, 0xFF, 0x22]) }
        == "json: the text at byte 0 is no UTF-8")
    #expect(
      refusal { () throws(InputError) in try read(String(repeating: "[", count: 100_000)) }
        == "json: nested deeper than 32 at byte 33")
  }
}
