import Testing

@testable import Kramers

private func csv(
  _ text: String, _ inputs: [CSVColumn]? = nil, _ targets: [CSVColumn] = [2], header: Bool? = nil,
  separator: Character = ",", missing: MissingNumbers = .refuse
) throws(InputError) -> Dataset {
  try Dataset.csv(
    Array(text.utf8), inputs: inputs, targets: targets, header: header,
    separator: separator.asciiValue!, missing: missing)
}

private let hint = "; missing = \"drop\" leaves such rows out"

@Suite("data.csv")
struct CSVDataTests {
  @Test("columns by name and by number, in the order of the lists")
  func columns() throws {
    let text = "t,x,y\n0,1.5,2\n1,-3e1,4\n"
    let rows = Samples(count: 2, inputs: 2, outputs: 1, x: [1.5, 0, -30, 1], y: [2, 4])
    #expect(try csv(text, ["x", "t"], ["y"]).train == rows)
    #expect(try csv(text, [2, 1], [3]).train == rows)
    #expect(try csv(text, [.name("x"), .number(1)], ["y"]).train == rows)
    #expect(try csv(text, nil, ["y"]).train?.x == [0, 1.5, 1, -30])
    #expect(try csv(text, ["x"], ["y", "t"]).train?.y == [2, 0, 4, 1])
    #expect("\(try csv(text, nil, ["y"]))" == "csv: 2 samples, 2 inputs, 1 output")
  }

  @Test("a header is a first row without numbers; numbers beside words are asked about")
  func header() throws {
    #expect(try csv("1,2\n3,4").sampleCount == 2)
    #expect(try csv("a,b\n3,4").sampleCount == 1)
    #expect(try csv(",b\n3,4").sampleCount == 1)
    #expect(try csv("1,2,\n3,4,x", [1]).sampleCount == 2)
    #expect(try csv("nan,2\n3,4", missing: .keep).sampleCount == 2)
    let iris = "5.1,0.2,Iris-setosa\n4.9,0.3,Iris-setosa\n"
    #expect(
      refusal { () throws(InputError) in try csv(iris, [1], [2]) }
        == "line 1 may be a header or data: column 1 is '5.1', column 3 is 'Iris-setosa'; give "
        + "header = true if it holds names, header = false if it is the first sample")
    #expect(try csv(iris, [1], [2], header: false).train?.x == [5.1, 4.9])
    #expect(try csv(iris, [1], [2], header: true).train?.x == [4.9])
    #expect(
      refusal { () throws(InputError) in try csv("1;2\n3;4") }
        == "targets[1] must be a column from 1 to 1, got 2; is the separator a semicolon?")
    #expect(try csv("1,2\n3,4", header: true).sampleCount == 1)
    #expect(try csv("1,2\n3,4", ["1"], ["2"], header: true).train?.x == [3])
    #expect(
      refusal { () throws(InputError) in try csv("a,b\n3,4", header: false) }
        == "line 1, column 1 must be a number, got 'a'")
  }

  @Test("line ends, empty lines, blanks, a byte order mark and a missing last line end")
  func lines() throws {
    let rows = Samples(count: 2, inputs: 1, outputs: 1, x: [1, 3], y: [2, 4])
    for text in [
      "1,2\n3,4\n", "1,2\n3,4", "1,2\r\n3,4\r\n", "\n\n1,2\n\n \r\n3,4\n\n", " 1 ,\t2\n3, 4 ",
      "\u{FEFF}1,2\n3,4", "\u{FEFF}a,b\r\n1,2\r\n3,4", "\"1\",\" 2 \"\n3,4", "+1,2.0\n.3e1,4.",
    ] { #expect(try csv(text).train == rows, "\(text)") }
    #expect(try csv("1;2\n3;4", separator: ";").train == rows)
    #expect(try csv("1\t2\n3\t4", separator: "\t").train == rows)
    for text in ["1,2\r3,4\r", "\r1,2\r\r3,4", "a,b\r1,2\r3,4"] {
      #expect(try csv(text).train == rows, "\(text)")
    }
    #expect(
      refusal { () throws(InputError) in try csv("a,b\n1,2\r3,4\n5,6\n") }
        == "line 2 holds a carriage return that ends no line: the line ends of the csv are of several "
        + "systems; convert them all to one kind")
    #expect(try csv("a,b,\"c\rd\"\r\n1,2,3\n3,4,\"5\r\"\n", [1]).train == rows)
  }

  @Test("a blank as separator stands for every run of blanks and tabs")
  func blanks() throws {
    let rows = Samples(count: 2, inputs: 1, outputs: 1, x: [1, 3], y: [2, 4])
    for text in [
      "1 2\n3 4\n", "a y\n1   2\n3 4", "  1 2  \n\t3 \t 4 \r\n", "\"a b\" y\n1 2\n3 4",
      "1\t2\n3\t4\n", "1 2\n \n3 4",
    ] { #expect(try csv(text, separator: " ").train == rows, "\(text)") }
    #expect(try csv("1 2 x\n3 4 \"y z\" ", [1], header: false, separator: " ").train?.count == 2)
    #expect(
      refusal { () throws(InputError) in try csv("1 2\n3 4 5\n", separator: " ") }
        == "line 2 must hold 2 fields like the first row, got 3")
    for separator: Character in ["1", "e", ".", "-", "+", "\"", "\n", "\r", "\0"] {
      #expect(
        refusal { () throws(InputError) in try csv("1,2\n", separator: separator) }
          .hasPrefix("separator must be a character of which no number, word, quote or line end"))
    }
  }

  @Test("separators that end every line enclose no column; one that ends some lines is named")
  func trailingSeparators() throws {
    let rows = Samples(count: 2, inputs: 1, outputs: 1, x: [1, 3], y: [2, 4])
    for text in [
      "a,y,\n1,2,\n3,4,\n", "1,2,\n3,4, \n", "a,y,,\n1,2,,\n3,4,,\n", "a,y,\n1,2,\n3,4,",
    ] { #expect(try csv(text).train == rows, "\(text)") }
    #expect(try csv("1;2;\n3;4;\n", separator: ";").train == rows)
    #expect(try csv("a,y,\n1,2,5\n3,4,\n", [1], [2]).train == rows)
    #expect(
      refusal { () throws(InputError) in try csv("a,y,\n1,2,5\n3,4,\n") }
        == "line 3, column 3 (no name) must be a finite number, and it is empty" + hint)
  }

  @Test("a nameless first column that counts the rows is said, unless it was asked for")
  func rowNumbers() throws {
    let words = " only counts the rows, and is an input now; inputs = {...} leaves it out"
    let text = ",a,y\n0,5,6\n1,7,8\n2,7,9\n"
    #expect(try csv(text, nil, ["y"]).remarks == ["column 1 (no name)" + words])
    #expect(
      try csv(text.replacing(",a,y", with: "Unnamed: 0,a,y"), nil, ["y"]).remarks
        == ["column 1 (Unnamed: 0)" + words])
    #expect(try csv("1,5\n2,7\n3,8\n").remarks == ["column 1" + words])
    #expect(try csv(text, [1], ["y"]).remarks == [])
    #expect(try csv(text.replacing(",a", with: "t,a"), nil, ["y"]).remarks == [])
    #expect(try csv(text.replacing("\n1,", with: "\n3,"), nil, ["y"]).remarks == [])
    #expect(
      try csv("a,b,c\n1,0,1\n2,0,1\n", ["a"], ["b", "c"]).remarks
        == ["targets: no training sample has class 1"])
  }

  @Test("quoted fields: separators, quotes and line breaks inside, and lines still counted right")
  func quotes() throws {
    let text = "\"a, \"\"b\"\"\",y,\"no\nte\"\n1,2,\"x,\r\ny\"\n3,4,\"\"\n5,z,w\n"
    #expect(
      refusal { () throws(InputError) in try csv(text, ["a, \"b\""], ["y"]) }
        == "line 6, column 2 (y) must be a number, got 'z'")
    let good = text.replacing("5,z", with: "5,6")
    #expect(try csv(good, ["a, \"b\""], ["y"]).train?.x == [1, 3, 5])
    #expect(
      refusal { () throws(InputError) in try csv("a,b\n1,\"2\n3,4\n") }
        == "line 2 opens a quote that is never closed")
    for bad in ["a,b,c\n1,2,x\"y\"\n", "a,b,c\n1,2,\"x\"y\n"] {
      #expect(
        refusal { () throws(InputError) in try csv(bad, [1]) }
          == "line 2, column 3: a quote must enclose the whole field, and stand doubled inside it")
    }
  }

  @Test("bad rows are named by line and column")
  func badRows() {
    func message(_ text: String, missing: MissingNumbers = .refuse) -> String {
      refusal { () throws(InputError) in try csv(text, [1], [2], missing: missing) }
    }
    #expect(message("a,b\n1,2\n\n3\n") == "line 4 must hold 2 fields like the first row, got 1")
    #expect(message("1,2\n3,4,5\n") == "line 2 must hold 2 fields like the first row, got 3")
    #expect(
      message("1,2\n3,4,\n")
        == "line 2 must hold 2 fields like the first row, got 3 (the last one empty: this line ends "
        + "with a separator, and others do not)")
    #expect(
      message("a,b\nr1,1,2\nr2,3,4\n")
        == "line 2 must hold 2 fields like the first row, got 3; does the header lack the name of a "
        + "column of row names?")
    #expect(message("1,2\nx,4,5\n") == "line 2 must hold 2 fields like the first row, got 3")
    #expect(message("a,b\n1,2\n1,4x\n") == "line 3, column 2 (b) must be a number, got '4x'")
    #expect(
      message("a,b\n1,2\n1,\n") == "line 3, column 2 (b) must be a finite number, and it is empty"
        + hint)
    #expect(
      message("a,b\n,2\n") == "line 2, column 1 (a) must be a finite number, and it is empty" + hint
    )
    #expect(
      message("a,b\n1,2 3\n")
        == "line 2, column 2 (b) must be a number, got '2 3'; is the separator a blank (\" \")?")
    #expect(message("a,b\n1,0x10\n") == "line 2, column 2 (b) must be a number, got '0x10'")
    #expect(
      message("a,b\n1,\u{7}\u{1B}[31m and much more text than fits\n")
        == "line 2, column 2 (b) must be a number, got '\u{FFFD}\u{FFFD}[31m and much more tex...'")
    #expect(message("1,2\n3,nan\n") == "line 2, column 2 must be a finite number, got 'nan'" + hint)
    #expect(
      message("1,2\n3,-inf\n") == "line 2, column 2 must be a finite number, got '-inf'" + hint)
    #expect(
      message("1,2\n3,1e999\n") == "line 2, column 2 must be at most 1e+100 in magnitude, got 1e999"
    )
    #expect(
      message("1,2\n3,1e101\n", missing: .keep)
        == "line 2, column 2 must be at most 1e+100 in magnitude, got 1e+101")
    #expect(!message("1,2\n3,nan\n4,inf\n", missing: .keep).hasPrefix("line"))
  }

  @Test("empty files, headers alone and wrong columns are refused")
  func refusals() {
    func message(
      _ text: String, _ inputs: [CSVColumn]? = nil, _ targets: [CSVColumn] = [2],
      header: Bool? = nil
    ) -> String {
      refusal { () throws(InputError) in try csv(text, inputs, targets, header: header) }
    }
    for text in ["", "\n", "\u{FEFF}", " \r\n\n"] { #expect(message(text) == "the csv is empty") }
    #expect(message("a,b") == "the csv holds a header and no rows")
    #expect(message("1,2\n", header: true) == "the csv holds a header and no rows")
    #expect(
      refusal { () throws(InputError) in
        try Dataset.csv([0xFF, 0xFE, 0x31, 0x00], targets: [1])
      } == "is no csv: it is UTF-16 text; save it as UTF-8")
    let text = "time,temperature,energy\n1,2,3\n"
    #expect(
      message(text, ["temprature"], ["energy"])
        == "inputs[1]: there is no column 'temprature'; did you mean 'temperature'?")
    #expect(
      message(text, nil, ["q"])
        == "targets[1]: there is no column 'q'; there are time, temperature, energy")
    #expect(message(text, [4]) == "inputs[1] must be a column from 1 to 3, got 4")
    #expect(message(text, [0]) == "inputs[1] must be a column from 1 to 3, got 0")
    #expect(message(text, [1, "time"]) == "inputs names column 1 (time) twice")
    #expect(message(text, [1, 2]) == "column 2 (temperature) is named as input and as target")
    #expect(message(text, []) == "inputs must name at least one column")
    #expect(message(text, nil, []) == "targets must name at least one column")
    #expect(
      message("1,2\n", ["a"])
        == "inputs[1]: there is no column 'a': the csv has no header, so columns have numbers, 1 to 2"
    )
    #expect(
      message("a,b,a\n1,2,3\n", ["a"])
        == "inputs[1]: columns 1 and 3 are both called 'a'; write the number")
    #expect(
      message("a;b\n1;2\n", ["a"], ["b"])
        == "targets[1]: there is no column 'b'; there are a;b; is the separator a semicolon?")
    #expect(
      message("1;2\n1;2\n")
        == "targets[1] must be a column from 1 to 1, got 2; is the separator a semicolon?")
  }

  @Test("many chunks on many threads give what one thread gives, and the first error of the file")
  func chunks() throws {
    let random = RandomStream(seed: 3, purpose: .data)
    let numbers = random.normals(120_000)
    var text = "\"the\nfirst\",b,c\n"
    for n in 0..<40_000 {
      text +=
        "\(numbers[3 * n]),\(numbers[3 * n + 1]),\(numbers[3 * n + 2])\(n % 7 == 0 ? "\n" : "\r\n")"
      if n % 1000 == 0 { text += "\n" }
    }
    let bytes = Array(text.utf8)
    #expect(bytes.count > 2 << 20)
    let one = try Dataset.csv(bytes, targets: ["c"], threads: 1)
    let four = try Dataset.csv(bytes, targets: ["c"], threads: 4)
    #expect(one.train == four.train)
    #expect(one.train?.x.count == 80_000)
    for n in [0, 1, 20_000, 39_999] {
      #expect(one.train?.x[2 * n] == numbers[3 * n] && one.train?.y[n] == numbers[3 * n + 2])
    }
    let bad = bytes + Array("1,2\n".utf8) + bytes.dropFirst(16) + Array("x,2,3\n".utf8)
    #expect(
      refusal { () throws(InputError) in try Dataset.csv(bad, targets: ["c"], threads: 4) }
        == "line 40043 must hold 3 fields like the first row, got 2")
  }
}
