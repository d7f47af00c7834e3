import Kramers
import Lua

/// What a public name does when it is called; `Program.installCatalog` makes its function.
enum Body: Sendable {
  /// Acts on an experiment: a global, which takes the current one, and a method of every other; with
  /// a name `x:name` a method alone.
  case verb(@Sendable (Program) -> (ExperimentBox, Options) throws -> [LuaValue])
  /// Takes one table of options.
  case options(@Sendable (Program) -> (Options) throws -> [LuaValue])
  /// A method of data sets.
  case data(@Sendable (Program) -> (Dataset, Options) throws -> [LuaValue])
  /// A method of results: the result comes as the first argument.
  case result(@Sendable (Program) -> (LuaCall) throws -> [LuaValue])
  /// Deals with files of sessions; one that does not only look does nothing in a replay.
  case session(@Sendable (Program) -> (LuaCall) throws -> [LuaValue])
  /// Takes its arguments as they come.
  case call(@Sendable (Program) -> (LuaCall) throws -> [LuaValue])
  /// Lua's own function, or a protocol's.
  case lua
  /// A protocol that acts on an experiment.
  case protocolVerb
}
