import ArgumentParser
import FoundationEssentials
import KramersBindings

/// The manual page, from the command line's own description and the catalogue.
enum ManPage {
  static func text(
    of command: any ParsableCommand.Type, version: String, _ catalog: Catalog
  ) throws -> String {
    let tool = try CommandLineTool(of: command)
    var page = [
      ".TH KRAMERS 1 \"\" \"kramers \(version)\" \"User Commands\"",
      ".SH NAME",
      "kramers \\- an experiment shell for metastable phases of neural networks",
      ".SH SYNOPSIS", ".B kramers", "[\\fIoptions\\fR] [\\fIscript\\fR | \\-] [\\fIargs\\fR...]",
      ".SH DESCRIPTION",
      roff(
        "Lua 5.4 with verbs to trap L2-regularised networks in metastable phases, release them, "
          + "measure how long noise takes to drive them out, and compare with exact theory. "
          + "Without a script and with a terminal it is a shell; with a script, -e or piped "
          + "input it runs that and writes records to standard output."),
      ".SH OPTIONS",
    ]
    for argument in tool.command.arguments where argument.shouldDisplay {
      guard let names = argument.synopsis else { continue }
      page += [".TP", names, roff(argument.abstract ?? "")]
    }
    page += [".SH THE SHELL", ".nf", roff(HelpText.shell), ".fi", ".SH NAMES IN LUA"]
    page += [
      roff("help(name) tells more of each, with options, units, defaults and an example that runs.")
    ]
    for entry in catalog.all {
      page += [".TP", "\\fB\(roff(HelpText.signature(entry)))\\fR", roff(entry.summary + ".")]
    }
    page += [".SH FILES"]
    for (file, words) in files { page += [".TP", "\\fI\(roff(file))\\fR", roff(words)] }
    page += [".SH ENVIRONMENT"]
    for (name, words) in environment { page += [".TP", "\\fB\(name)\\fR", roff(words)] }
    page += [".SH EXIT STATUS", roff(exitStatus)]
    return page.joined(separator: "\n") + "\n"
  }

  static let exitStatus =
    "0 done; 1 an error in Lua; 64 usage; 65 a session that is corrupt or cannot go on, or parts of "
    + "shards that are damaged or foreign; 66 no such script, session or folder; 70 internal error; "
    + "74 output or the session could not be written; 75 stopped by a limit, or parts of shards are "
    + "missing; SIGINT, SIGTERM and SIGHUP finish the step and end the process themselves."

  private static let files = [
    ("$XDG_CONFIG_HOME/kramers/init.lua", "Runs before the shell's first prompt (~/.config)."),
    (
      "$XDG_DATA_HOME/kramers/protocols/NAME.lua",
      "Protocols of your own: each is a verb (~/.local/share)."
    ),
    ("$XDG_STATE_HOME/kramers/history", "What was typed, shared by all shells (~/.local/state)."),
    ("$XDG_STATE_HOME/kramers/NAME.kramers", "Sessions."),
    ("FOLDER/manifest.json", "The run that a folder of --shard belongs to, beside its parts."),
    ("~/.inputrc", "Readline's keys; $if kramers holds here alone."),
  ]

  private static let environment = [
    ("NO_COLOR", "If set, no colour; so does TERM=dumb."),
    ("VISUAL, EDITOR", "The editor of :edit and Ctrl-X Ctrl-E."),
    (
      "KRAMERS_ISA",
      "avx2 keeps to its instructions on processors with AVX-512; the results are the same."
    ),
    ("KRAMERS_AUTOSAVE", "Seconds of work between two autosaves (120); 0 for none."),
    (
      "KRAMERS_LUA_PATH",
      "A directory whose protocols stand in for the built-in ones, or beside them."
    ),
    ("KRAMERS_PYTHON", "The Python with ipykernel, for --jupyter install (python3)."),
  ]

  /// Text as troff takes it literally.
  fileprivate static func roff(_ text: String) -> String {
    text.replacing("\\", with: "\\e").replacing("-", with: "\\-")
      .split(separator: "\n", omittingEmptySubsequences: false)
      .map { $0.first == "." || $0.first == "'" ? "\\&" + $0 : String($0) }
      .joined(separator: "\n")
  }
}

/// What ArgumentParser says of a command, as far as it is needed here.
struct CommandLineTool: Decodable {
  struct Command: Decodable { var arguments: [Argument] }
  struct Argument: Decodable {
    struct Name: Decodable {
      var kind: String
      var name: String
      var written: String { (kind == "long" ? "--" : "-") + name }
    }
    var kind: String
    var names: [Name]?
    var valueName: String?
    var abstract: String?
    var shouldDisplay: Bool
  }
  var command: Command

  init(of command: any ParsableCommand.Type) throws {
    self = try JSONDecoder().decode(Self.self, from: Data(command._dumpHelp().utf8))
  }
}

extension CommandLineTool.Argument {
  /// nil for a positional argument, which the synopsis shows.
  fileprivate var synopsis: String? {
    guard let names, !names.isEmpty else { return nil }
    let written = names.map { "\\fB\(ManPage.roff($0.written))\\fR" }
    let value = kind == "option" ? " \\fI\(ManPage.roff(valueName ?? "value"))\\fR" : ""
    return written.joined(separator: ", ") + value
  }
}
