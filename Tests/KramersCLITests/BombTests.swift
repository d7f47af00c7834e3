import Testing

@Suite("files that grow when they are read")
struct BombTests {
  @Test("a gzip of a gigabyte in a megabyte is refused before it fills the memory")
  func gzip() throws {
    let code = "data.idx { images = arg[1], labels = arg[1] }"
    let run = try shell(
      """
      folder=$(mktemp -d) && cd "$folder" && trap 'rm -r "$folder"' EXIT
      head -c 16777216 /dev/zero | gzip -9 > one.gz
      for _ in $(seq 64); do cat one.gz; done > bomb.gz
      test $(stat -c %s bomb.gz) -lt 2000000 || exit 99
      echo '\(code)' > s.lua
      "$KRAMERS" --max-memory 200M s.lua bomb.gz
      """)
    #expect(run.status == 1, "\(run.errors)")
    #expect(run.errors.contains("decompresses to more than the limit of"), "\(run.errors)")
  }
}
