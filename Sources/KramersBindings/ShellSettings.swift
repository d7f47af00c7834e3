/// What the functions of the table `shell` set and the interactive shell reads. In a script nobody
/// reads it.
package final class ShellSettings {
  /// Wall time and steps a second after each entry.
  package var showsTime = false
  /// Where the next output goes instead of the terminal.
  package var onceFile: String?
  /// What the next prompt shows, to be changed or run.
  package var prepared: [UInt8]?
  /// The step of the tour that the next prompt shows, counted from 0; nil: no tour.
  package var tourStep: Int?
  /// Of the last error.
  package var traceback: String?
  /// The entry before this one.
  package var lastEntry: [UInt8] = []
  /// Text changed in the user's editor; nil where there is no terminal for one.
  package var edit: (([UInt8]) throws -> [UInt8])?
  /// Takes a picture as SVG, with its title, where a notebook shows it; nil: the terminal draws.
  package var showPicture: ((_ svg: [UInt8], _ title: String) -> Void)?
}
