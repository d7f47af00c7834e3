internal import CLua
internal import Synchronization

/// The Lua state below `LuaState`: values to and from its stack.
///
/// References hold the core, not the owner, so that a table captured by a callback (which Lua
/// retains) does not keep the state open for ever. `stack` is that of the coroutine at work.
final class LuaCore {
  /// The coroutine that called the innermost callback; the main one outside callbacks. Nothing may
  /// be pushed on another.
  private(set) var current: OpaquePointer
  let interrupt: LuaInterrupt
  weak var owner: LuaState?
  private(set) var isOpen = true
  /// What Lua still held after it was closed: anything but zeros is a leak.
  private(set) var leftover: (bytes: Int, boxes: Int)?
  /// Chunks whose name begins so are the program's own; without Lua's "@".
  var internalPrefixes = ["stdlib/"]
  private let retired = Mutex<[Int32]>([])

  init(memoryLimit: Int?) throws {
    interrupt = try LuaInterrupt()
    guard let stack = kl_open(memoryLimit ?? 0, interrupt.pointer) else { throw LuaError.noMemory }
    current = stack
    let status = klp_openlibs(stack)
    guard status == KL_OK else {
      let error = takeError(status, stack)
      close()
      throw error
    }
  }

  deinit { close() }

  func close() {
    guard isOpen else { return }
    isOpen = false
    let left = kl_close(current)
    leftover = (Int(left.bytes), Int(left.boxes))
  }

  /// Runs `body` with room for `slots` values and leaves the stack as it was.
  func use<Result>(
    _ slots: Int = 8, _ body: (OpaquePointer) throws -> Result
  ) throws -> Result {
    guard isOpen, let owner else { throw LuaError.closed }
    return try withExtendedLifetime(owner) {
      let stack = current
      guard let room = Int32(exactly: slots + 8), klq_room(stack, room) else {
        throw LuaError.stackOverflow
      }
      release(on: stack)
      let top = klq_top(stack)
      defer { klq_settop(stack, top) }
      return try body(stack)
    }
  }

  func check(_ status: Int32, _ stack: OpaquePointer) throws {
    if status != KL_OK { throw takeError(status, stack) }
  }

  func isInternal(_ chunk: String) -> Bool {
    internalPrefixes.contains { !$0.isEmpty && chunk.hasPrefix($0) }
  }

  // MARK: Values

  func push(_ value: LuaValue, _ stack: OpaquePointer) throws {
    switch value {
    case .nil: klq_push_nil(stack)
    case .boolean(let value): klq_push_boolean(stack, value)
    case .integer(let value): klq_push_integer(stack, value)
    case .number(let value): klq_push_number(stack, value)
    case .string(let bytes): try pushString(bytes, stack)
    case .table(let table): try push(table.reference, stack)
    case .function(let function): try push(function.reference, stack)
    case .other(let reference): try push(reference, stack)
    case .object(let object): try push(object.reference, stack)
    }
  }

  func push(_ reference: LuaReference, _ stack: OpaquePointer) throws {
    guard reference.core === self else {
      throw LuaError("a \(reference.typeName) belongs to another Lua state")
    }
    klq_push_ref(stack, reference.slot)
  }

  func pushString(_ bytes: [UInt8], _ stack: OpaquePointer) throws {
    try check(bytes.withUnsafeBytes { klp_push_string(stack, $0.baseAddress, $0.count) }, stack)
  }

  func read(_ index: Int32, _ stack: OpaquePointer) throws -> LuaValue {
    switch klq_type(stack, index) {
    case KL_NIL: return .nil
    case KL_BOOLEAN: return .boolean(klq_boolean(stack, index))
    case KL_NUMBER:
      return klq_isinteger(stack, index)
        ? .integer(klq_integer(stack, index)) : .number(klq_number(stack, index))
    case KL_STRING: return .string(bytes(index, stack) ?? [])
    case KL_TABLE: return .table(LuaTable(reference: try reference(index, stack)))
    case KL_FUNCTION: return .function(LuaFunction(reference: try reference(index, stack)))
    default:
      let reference = try reference(index, stack)
      return object(index, stack).map { .object(LuaObject(object: $0, reference: reference)) }
        ?? .other(reference)
    }
  }

  func object(_ index: Int32, _ stack: OpaquePointer) -> AnyObject? {
    klq_object(stack, index).map { Unmanaged<AnyObject>.fromOpaque($0).takeUnretainedValue() }
  }

  /// The values from `first` to the top.
  func readAll(from first: Int32, _ stack: OpaquePointer) throws -> [LuaValue] {
    let count = Int(klq_top(stack) - first) + 1
    guard count > 0 else { return [] }
    guard klq_room(stack, 8) else { throw LuaError.stackOverflow }
    var values: [LuaValue] = []
    values.reserveCapacity(count)
    for index in 0..<Int32(count) { values.append(try read(first + index, stack)) }
    return values
  }

  func bytes(_ index: Int32, _ stack: OpaquePointer) -> [UInt8]? {
    var length = 0
    guard let start = klq_string(stack, index, &length) else { return nil }
    return Array(UnsafeRawBufferPointer(start: start, count: length))
  }

  func reference(_ index: Int32, _ stack: OpaquePointer) throws -> LuaReference {
    let typeName = String(cString: klq_typename(stack, index))
    var slot: Int32 = 0
    var pointer: UnsafeRawPointer?
    klq_push_value(stack, index)
    try check(klp_ref(stack, &slot, &pointer), stack)
    return LuaReference(core: self, slot: slot, typeName: typeName, rawPointer: pointer)
  }

  /// Notes a reference to be dropped; any thread, any time.
  func retire(_ slot: Int32) { retired.withLock { $0.append(slot) } }

  private func release(on stack: OpaquePointer) {
    let slots = retired.withLock { slots -> [Int32] in
      if slots.isEmpty { return [] }
      defer { slots = [] }
      return slots
    }
    for slot in slots where !klq_unref(stack, slot) { retire(slot) }
  }

  /// Makes `stack` the coroutine that values go to while `body` runs.
  func on<Result>(_ stack: OpaquePointer, _ body: () -> Result) -> Result {
    let outer = current
    current = stack
    defer { current = outer }
    return body()
  }
}
