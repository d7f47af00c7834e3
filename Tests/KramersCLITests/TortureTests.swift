import Foundation
import Testing

@Suite struct TortureTests {
  @Test("the pipelines of torture.sh do what a shell expects")
  func pipelines() throws {
    let script = packageRoot.appendingPathComponent("Tests/KramersCLITests/torture.sh").path
    let run = try RunningBinary(["/bin/bash", script]).finish()
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    #expect(run.output.split(separator: "\n").count >= 25)
  }
}
