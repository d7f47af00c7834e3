internal import CResources

/// The files of `stdlib-lua`, which the program carries inside itself: protocols, in `parts` what
/// they are made of, in `pictures` how results are drawn.
struct StandardLibrary {
  /// Where the files are read from instead, as far as they are there (for development).
  let folder: String?

  /// Paths without `.lua`, in the order of the reference page.
  static let names: [String] = {
    var names: [String] = []
    while let name = kr_lua_name(names.count) { names.append(String(cString: name)) }
    return names
  }()

  /// The names in a folder, without it; nil is the protocols.
  static func names(in folder: String?) -> [String] {
    names.compactMap { name in
      guard let slash = name.firstIndex(of: "/") else { return folder == nil ? name : nil }
      return name[..<slash] == folder ?? "" ? String(name[slash...].dropFirst()) : nil
    }
  }

  /// The text of a file; nil where there is none of this name.
  func source(_ name: String) -> [UInt8]? {
    guard let n = Self.names.firstIndex(of: name) else { return nil }
    if let folder, let own = try? readWhole("\(folder)/\(name).lua") { return own }
    let resource = kr_lua(n)
    return Array(UnsafeBufferPointer(start: resource.bytes, count: resource.count))
  }
}
