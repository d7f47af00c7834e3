import Foundation
import Testing

@testable import KramersBindings

/// As the program has it, without protocols of anybody's own.
let catalog: Catalog = {
  do { return try Program(ProgramOptions()).catalog } catch { preconditionFailure("\(error)") }
}()

@Suite struct HelpTests {
  @Test("every example of the catalogue runs", arguments: catalog.all.map(\.name))
  func example(name: String) throws {
    let entry = catalog.entry(name)
    let run = try kramers("-", input: entry.example)
    #expect(run.status == 0, "\(name): \(run.errors)")
    #expect(!run.output.isEmpty, "\(name): the example shows nothing")
  }

  @Test("every example runs as a method or function of the name it explains")
  func examplesUseTheirName() {
    for entry in catalog.all {
      let name = entry.name.split(separator: ":").last.map(String.init) ?? entry.name
      #expect(entry.example.contains(name), "\(entry.name)")
    }
  }

  @Test("see also names entries that exist")
  func seeAlso() {
    for entry in catalog.all {
      for other in entry.seeAlso {
        #expect(catalog.byName[other] != nil, "\(entry.name): \(other)")
      }
    }
  }

  @Test("help(f) and help(\"name\") show every option with its default")
  func helpText() throws {
    let byFunction = try kramers("-e", "help(measure_escape)")
    let byName = try kramers("-e", "help('measure_escape')")
    #expect(byFunction.output == byName.output)
    for option in catalog.entry("measure_escape").options {
      #expect(byFunction.output.contains(option.name))
    }
    #expect(byFunction.output.contains("default 64"))
  }

  @Test("help suggests the nearest name")
  func nearest() throws {
    let run = try kramers("-e", "help('measure_escpe')")
    #expect(run.status == 1)
    #expect(run.errors.contains("did you mean 'measure_escape'?"))
  }

  @Test("docs/reference.md is what the catalogue says: kramers --reference > docs/reference.md")
  func reference() throws {
    let page = try String(
      contentsOf: packageRoot.appendingPathComponent("docs/reference.md"), encoding: .utf8)
    #expect(try kramers("--reference").output == page)
    for entry in catalog.all { #expect(page.contains("### \(entry.name)\n")) }
  }

  @Test("every public name has an entry in the catalogue")
  func complete() throws {
    let code = """
      local lua = {}
      for name in ("_G _VERSION assert collectgarbage coroutine debug dofile error getmetatable io "
        .. "ipairs load loadfile math next os package pairs pcall print rawequal rawget rawlen "
        .. "rawset require select setmetatable string table tonumber tostring type utf8 warn "
        .. "xpcall arg"):gmatch("%S+") do lua[name] = true end
      for name, value in pairs(_G) do
        if not lua[name] then
          if type(value) == "table" then
            for field in pairs(value) do print(name .. "." .. field) end
          else
            print(name)
          end
        end
      end
      """
    let names = try kramers("-", input: code).output.split(separator: "\n").map(String.init)
    #expect(names.count > 20)
    for name in names { #expect(catalog.byName[name] != nil, "\(name)") }
  }
}
