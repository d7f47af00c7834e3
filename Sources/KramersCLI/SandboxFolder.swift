#if canImport(Glibc)
  import Glibc
#endif

/// `--sandbox` takes a folder or nothing: alone it stands for the working directory. What follows it
/// is its folder if it is one, which no script is.
func withSandboxFolder(_ arguments: [String]) -> [String] {
  guard arguments.contains("--sandbox"),
    let tool = try? CommandLineTool(of: KramersCommand.self)
  else { return arguments }
  let takesValue = Set(
    tool.command.arguments.filter { $0.kind == "option" }.flatMap { $0.names ?? [] }.map(\.written))
  var arguments = arguments
  var place = 0
  // Options end at the script; what follows is its own.
  while place < arguments.count, arguments[place].hasPrefix("-"),
    !["-", "--"].contains(arguments[place])
  {
    let isAlone = place + 1 == arguments.count || !isFolder(arguments[place + 1])
    if arguments[place] == "--sandbox", isAlone { arguments[place] = "--sandbox=." }
    place += takesValue.contains(arguments[place]) ? 2 : 1
  }
  return arguments
}

private func isFolder(_ path: String) -> Bool {
  var status = stat()
  return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}
