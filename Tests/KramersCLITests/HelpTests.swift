import Foundation
import Testing

@testable import KramersBindings

@Suite struct HelpTests {
  @Test("every example of the catalogue runs", arguments: Catalog.all.map(\.name))
  func example(name: String) throws {
    let entry = Catalog.entry(name)
    let run = try kramers("-", input: entry.example)
    #expect(run.status == 0, "\(name): \(run.errors)")
    #expect(!run.output.isEmpty, "\(name): the example shows nothing")
  }

  @Test("every example runs as a method or function of the name it explains")
  func examplesUseTheirName() {
    for entry in Catalog.all {
      let name = entry.name.split(separator: ":").last.map(String.init) ?? entry.name
      #expect(entry.example.contains(name), "\(entry.name)")
    }
  }

  @Test("see also names entries that exist")
  func seeAlso() {
    for entry in Catalog.all {
      for other in entry.seeAlso {
        #expect(Catalog.byName[other] != nil, "\(entry.name): \(other)")
      }
    }
  }

  @Test("help(f) and help(\"name\") show every option with its default")
  func helpText() throws {
    let byFunction = try kramers("-e", "help(measure_escape)")
    let byName = try kramers("-e", "help('measure_escape')")
    #expect(byFunction.output == byName.output)
    for option in Catalog.entry("measure_escape").options {
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
}
