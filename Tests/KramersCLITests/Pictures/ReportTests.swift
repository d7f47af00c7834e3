import Foundation
import Testing

private let two =
  "experiment { data = data.population { singular = {0.9, 0.8} }, depth = 3, width = 2, lr = 0.2 } "
  + "trap { rank = 1, release = 0.1 } "
private let escape = "measure_escape { temperature = 1.2e-3, replicas = 64, max_steps = 2e5 }"

/// Whether Debian's HTML checker is here; `scripts/check` installs it.
private let hasTidy = (try? shell("command -v tidy").status) == 0

@Suite("report") struct ReportTests {
  private let folder = PictureFolder()
  private var path: String { folder.path + "/r.html" }

  private func page(_ code: String, _ environment: [String: String] = [:]) throws -> String {
    let run = try RunningBinary(
      [binary.path, "-e", code.replacing("PATH", with: path)], environment: environment
    ).finish(timeout: 120)
    try #require(run.status == 0, "\(run.errors)")
    return try String(contentsOfFile: path, encoding: .utf8)
  }

  private static let everything =
    two + "emit(\(escape)) emit { l2 = 0.1, tau = 5 } emit { l2 = 0.2, tau = 7 } "
    + "emit(barrier()) emit(hessian { dense = true }) "

  @Test("a script's page: what it emitted, numbers with intervals, the code, the command")
  func script() throws {
    let page = try page(
      Self.everything + "report('PATH', nil, { title = 'A title', text = 'one\\n\\ntwo' })")
    for words in [
      "<title>A title</title>", "<h1>A title</h1>", "<p>one</p>\n<p>two</p>",
      "<h2>1. escape</h2>", "<h2>2. rows</h2>", "<h2>3. barrier</h2>", "<h2>4. hessian</h2>",
      "<tr><td>0.1</td><td>5</td></tr>\n<tr><td>0.2</td><td>7</td></tr>",
      "Theory beside what was measured", "<h2>Script</h2>", "kramers --seed 0 -e ",
      "cmp before.html", "options", "temperature = 0.0012; replicas = 64; max_steps = 200000",
    ] { #expect(page.contains(words), "\(words)") }
    #expect(page.matches(of: #/<svg /#).count == 3)
    // The interval is that of the result.
    let records = try kramers("-e", Self.everything).records
    let result = try #require(records.first { $0["kind"] as? String == "escape" })
    let summary = try #require(result["summary"] as? String)
    #expect(page.contains("<p class=\"summary\">\(summary)</p>"))
    let height = try #require(records.first { $0["kind"] as? String == "barrier" }?["height"])
    #expect(page.contains(String(format: "%.4g", try #require(height as? Double))))
  }

  @Test("nothing is fetched from elsewhere, nothing needs a script, marks have names of their own")
  func selfContained() throws {
    let page = try page(Self.everything + "report('PATH')")
    #expect(!page.contains(#/https?:|src=|@import|<script|<link|url\(|\son[a-z]+=/#))
    let ids = page.matches(of: /\sid=["']([^"']+)["']/).map { String($0.output.1) }
    #expect(ids.count == Set(ids).count && ids.count > 10)
    for match in page.matches(of: /href=["']#([^"']+)["']/) {
      #expect(ids.contains(String(match.output.1)), "\(match.output.1)")
    }
    #expect(page.contains("prefers-color-scheme: dark") && page.contains("@media print"))
    // Ink of the page, so that a dark page shows it.
    #expect(
      !page.contains("\"black\"") && !page.contains("'black'") && !page.contains("#ffffff\"/>"))
  }

  @Test("words of a user are text, whatever they look like")
  func escaping() throws {
    let evil = "<script>alert(1)</script> & \"q\" 'a' </style><!-- ]]>"
    let page = try page(
      two + """
        local r = measure() r.kind = [==[\(evil)]==] r.reason = [==[\(evil)]==]
        local e = \(escape) e.summary = [==[\(evil)]==]
        report('PATH', { [ [==[\(evil)]==] ] = r, b = e, c = { x = [==[\(evil)]==] } },
          { title = [==[\(evil)]==], text = [==[\(evil)]==] .. '\\0' })
        """)
    #expect(!page.contains("<script") && !page.contains("alert(1)</script>"))
    #expect(page.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;q&quot; &#39;a&#39;"))
    #expect(!page.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" && $0 != "\t" })
    #expect(page.matches(of: /<\/style>/).count == 1)
    if hasTidy { #expect(try shell("tidy -q -e \(path)").status == 0) }
  }

  @Test("it is valid HTML", .enabled(if: hasTidy, "Debian's tidy is not installed"))
  func valid() throws {
    _ = try page(Self.everything + "report('PATH', nil, { text = 'a & b' })")
    let check = try shell("tidy -q -e \(path)")
    #expect(check.status == 0 && check.errors.isEmpty, "\(check.errors)")
  }

  @Test("the same script writes the same bytes")
  func repeatable() throws {
    let code = Self.everything + "report('PATH')"
    #expect(try page(code) == page(code))
  }

  @Test("without gnuplot the page says what is missing, and has everything else")
  func withoutGnuplot() throws {
    let page = try page(Self.everything + "report('PATH')", ["PATH": folder.path])
    #expect(!page.contains("<svg"))
    #expect(page.contains("No picture: gnuplot is not installed"))
    #expect(page.contains("<h2>4. hessian</h2>"))
  }

  @Test("a session's page lists every result that its variables hold, and the journal")
  func session() throws {
    let home = ["HOME": folder.path, "XDG_STATE_HOME": folder.path]
    let shell = try ShellSession(environment: home, columns: 100)
    shell.enter("experiment { data = data.population { singular = {1} }, depth = 3, width = 1 }")
    shell.enter("first = measure()")
    shell.enter("all = { up = phases(), list = { measure() } }")
    shell.enter("error('<b>')")
    shell.enter("session.save('mine')")
    #expect(shell.enter("report('\(path)')").contains(path))
    let page = try String(contentsOfFile: path, encoding: .utf8)
    for words in [
      "all.list[1]: measurement", "all.up: phases", "first: measurement", "<h2>Journal</h2>",
      "first = measure()", ", error</p>", "error(&#39;&lt;b&gt;&#39;)", "kramers --verify mine",
    ] { #expect(page.contains(words), "\(words)") }
    #expect(!page.contains("report(&#39;"))
  }

  @Test("a wrong call is an error at the caller's line, and writes nothing")
  func misuse() throws {
    for (call, words) in [
      ("report()", "report: the file must end in .html, got nil"),
      ("report('a.pdf')", "report: the file must end in .html, got \"a.pdf\""),
      ("report('PATH')", "report: nothing was emitted yet: emit(result)"),
      ("report('PATH', 3)", "report: takes a result, a list of results"),
      ("report('PATH', { 3 })", "report: results must be tables, got a number"),
      ("report('PATH', { kind = 'x' }, { titel = 'a' })", "did you mean 'title'?"),
      ("report('PATH', { kind = 'x' }, 'a')", "got \"a\" for the options"),
      ("report('PATH', { kind = 'x', f = print })", "report: f is a function, which is no data"),
      ("report('\(folder.path)/none/r.html', { kind = 'x' })", "No such file or directory"),
    ] {
      let run = try kramers("-e", "\n" + call.replacing("PATH", with: path))
      #expect(run.status == 1 && run.errors.contains(words), "\(call): \(run.errors)")
      #expect(run.errors.contains(":2:"), "\(run.errors)")
    }
    #expect(folder.names.isEmpty)
  }
}
