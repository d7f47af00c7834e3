import Kramers
import KramersStore

/// A wrong call: which verb, and what was wrong. The words of every error of a verb.
struct VerbError: Error, CustomStringConvertible {
  let verb: String
  let words: String

  init(_ verb: String, _ words: String) {
    self.verb = verb
    self.words = words
  }

  var description: String { "\(verb): \(words)" }
}

/// Runs `body`; a wrong input thrown by the core, or a file that cannot be read or written, gets the
/// verb's name in front.
func blaming<Result>(_ verb: String, _ body: () throws -> Result) throws -> Result {
  do {
    return try body()
  } catch let error as InputError {
    throw VerbError(verb, error.description)
  } catch let error as FileError {
    throw VerbError(verb, error.description)
  } catch let error as SessionError {
    throw VerbError(verb, error.description)
  }
}
