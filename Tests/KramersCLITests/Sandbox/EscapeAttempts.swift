/// One attempt on the sandbox: Lua that returns something true where it reached what it must not.
struct EscapeAttempt {
  let name: String
  let code: String

  init(_ name: String, _ code: String) {
    self.name = name
    self.code = code
  }
}

/// Attempts that end by themselves: they run one after the other in one process. `secret` is the path
/// of a file beside the sandbox, `refused(f, ...)` whether a call is refused as outside of it.
let escapeAttempts: [EscapeAttempt] =
  libraryAttempts + loadingAttempts + metatableAttempts + readingAttempts + writingAttempts
  + faultAttempts

// lua-users.org/wiki/SandBoxes: the table of what is safe in Lua's libraries, row by row.
private let libraryAttempts = [
  EscapeAttempt("io as a global", "return rawget(_G, 'io')"),
  EscapeAttempt("io through _ENV", "return _ENV.io"),
  EscapeAttempt("io through a coroutine", "return coroutine.wrap(function() return _G.io end)()"),
  EscapeAttempt(
    "programs, variables and files of os",
    """
    for _, name in ipairs { 'execute', 'exit', 'getenv', 'remove', 'rename', 'tmpname',
      'setlocale' } do
      if os[name] then return name end
    end
    """),
  // CVE-2022-0543: Debian's Redis left `package` in its sandbox, and loadlib reached system().
  EscapeAttempt("package.loadlib", "return package and package.loadlib or rawget(_G, 'package')"),
  EscapeAttempt("package.loaded through require", "return (pcall(require, 'io'))"),
  EscapeAttempt("require of debug", "return (pcall(require, 'debug'))"),
  EscapeAttempt("require of package", "return (pcall(require, 'package'))"),
  EscapeAttempt("require of a C library", "return (pcall(require, 'lfs'))"),
  EscapeAttempt("require through a link", "return (pcall(require, 'link'))"),
  EscapeAttempt("require beside the sandbox", "return (pcall(require, '...secret'))"),
  EscapeAttempt("require of a path", "return (pcall(require, '../secret'))"),
  EscapeAttempt("require with a byte 0", "return (pcall(require, '../secret.lua\\0'))"),
  EscapeAttempt("require of no name", "return (pcall(require, ''))"),
  EscapeAttempt("debug", "return rawget(_G, 'debug')"),
  EscapeAttempt("dofile", "return rawget(_G, 'dofile')"),
  EscapeAttempt("loadfile", "return rawget(_G, 'loadfile')"),
  // Lua 5.1's doors, of the live demo on lua.org and of Roblox's and World of Warcraft's sandboxes.
  EscapeAttempt(
    "functions of earlier Luas",
    "return getfenv or setfenv or newproxy or loadstring or module or gcinfo"),
  EscapeAttempt("warnings to standard error", "return rawget(_G, 'warn')"),
  EscapeAttempt(
    "the collector stopped or tuned",
    """
    for _, what in ipairs { 'stop', 'restart', 'step', 'collect', 'setpause', 'setstepmul',
      'incremental', 'generational', 'isrunning' } do
      if pcall(collectgarbage, what) then return what end
    end
    return pcall(collectgarbage)
    """),
  EscapeAttempt("the editor", "return (pcall(shell.edit, 'x'))"),
  EscapeAttempt("a public name replaced", "return (pcall(load 'emit = print'))"),
  EscapeAttempt("an example that writes files", "return (pcall(shell.run, 'export'))"),
]

private let loadingAttempts = [
  // Peter Cawley's escapes by bytecode (2010-2013) and corsix.org's "Malicious bytecode".
  EscapeAttempt("bytecode", "return load('\\27Lua\\x54\\0\\x19\\x93\\r\\n\\x1a\\n')"),
  EscapeAttempt("bytecode by mode b", "return load('\\27Lua', 'x', 'b')"),
  EscapeAttempt("bytecode by mode bt", "return load('\\27Lua', 'x', 'bt')"),
  EscapeAttempt(
    "bytecode piece by piece",
    """
    local pieces = { '\\27', 'Lua', '\\x54' }
    return load(function() return table.remove(pieces, 1) end)
    """),
  EscapeAttempt("string.dump", "return string.dump or ('').dump"),
  EscapeAttempt("load takes a text alone", "return load('return io or debug or package')()"),
  EscapeAttempt(
    "load with an environment that leads back",
    "return load('return io or os.execute', 'x', 't', setmetatable({}, { __index = _G }))()"),
  EscapeAttempt("load with _ENV as a local", "return load('local _ENV = ... return io')(_G)"),
  // CVE-2022-28805: singlevar with a constant _ENV.
  EscapeAttempt(
    "a constant _ENV",
    "load('local _ENV <const> = 1; x = y')\npcall(load 'local _ENV <const> = {}; x()')"),
  EscapeAttempt("a chunk named after a file", "return (pcall(load('error(1)', '@' .. secret)))"),
]

// lua-users.org/wiki/SandBoxes, "getmetatable"; Kahlua's and Factorio's string metatable reports.
private let metatableAttempts = [
  EscapeAttempt("the metatable of strings", "return getmetatable('') and getmetatable('').__index"),
  EscapeAttempt(
    "methods of strings poisoned",
    "getmetatable('').__index = function() return 1 end return ('x').poisoned"),
  EscapeAttempt("a metatable for a string", "return (pcall(setmetatable, '', {}))"),
  EscapeAttempt("the metatable of the globals", "return getmetatable(_G)"),
  EscapeAttempt("another one for the globals", "return (pcall(setmetatable, _G, {}))"),
  EscapeAttempt("the metatable of verbs", "return getmetatable(train) or getmetatable(print)"),
  EscapeAttempt(
    "the metatable of experiments",
    """
    local x = experiment { data = data.population { singular = {1} }, depth = 3, width = 1 }
    local mt = getmetatable(x)
    return type(mt) == 'table' or pcall(setmetatable, x, {})
    """),
  EscapeAttempt(
    "methods on a foreign value",
    "return (pcall(current().train, print, { steps = 1 }))"),
  EscapeAttempt(
    "the metatable of errors",
    "local _, e = pcall(train, { steps = 'x' }) return getmetatable(e)"),
  EscapeAttempt(
    "a finalizer sees more",
    """
    for i = 1, 1e4 do
      setmetatable({}, { __gc = function() leaked = leaked or _G.io or _G.debug end })
    end
    return leaked
    """),
  EscapeAttempt(
    "__close of a closed coroutine sees more",
    """
    local co = coroutine.create(function()
      local c <close> = setmetatable({}, { __close = function() leaked = _G.io or _G.debug end })
      coroutine.yield()
    end)
    coroutine.resume(co)
    coroutine.close(co)
    return leaked
    """),
  EscapeAttempt(
    "a message handler sees more",
    "xpcall(error, function() leaked = _G.io or _G.debug end) return leaked"),
  EscapeAttempt(
    "__tostring of an error sees more",
    """
    local e = setmetatable({}, { __tostring = function() leaked = _G.io return 'x' end })
    pcall(error, e)
    return leaked or tostring(e) ~= 'x'
    """),
  EscapeAttempt(
    "the main coroutine closed", "return (pcall(coroutine.close, coroutine.running()))"),
  // Needed to turn a fault of memory into one's own code: where things lie.
  EscapeAttempt(
    "addresses",
    """
    for _, v in ipairs { {}, print, coroutine.create(print), train, current() } do
      if (tostring(v) .. (' %p'):format(v)):find '0x' then return tostring(v) end
    end
    """),
]

// CWE-22, CWE-59, CWE-158: what LFI and path traversal lists try.
private let readingAttempts =
  [
    "../secret.csv", "sub/../../secret.csv", "./.././secret.csv", "in.csv/../../secret.csv",
    "link.csv", "up/secret.csv", "up/hand-in/link.csv", "root/etc/passwd", "/etc/passwd",
    "//etc/passwd", "/proc/self/environ", "/proc/self/root/etc/passwd", "/proc/self/cwd/README.md",
    "/dev/fd/0", "/dev/stdin", "file:///etc/passwd", "~/.bashrc", "",
  ].map { path in
    EscapeAttempt(
      "reads '\(path)'", "return not refused(data.csv, { path = '\(path)', targets = 1 })")
  } + [
    EscapeAttempt(
      "reads by the absolute path",
      "return not refused(data.csv, { path = secret, targets = 1 })"),
    EscapeAttempt(
      "reads behind a byte 0",
      "return (pcall(data.csv, { path = '../secret.csv\\0in.csv', targets = 1 }))"),
    EscapeAttempt(
      "reads behind a byte 0 within",
      "return (pcall(data.csv, { path = 'in.csv\\0/../../secret.csv', targets = 1 }))"),
    EscapeAttempt(
      "reads arrays",
      "return not refused(data.npy, { x = '../secret.csv', y = '../secret.csv' })"),
    EscapeAttempt("reads archives", "return not refused(data.npz, { path = 'link.csv' })"),
    EscapeAttempt(
      "reads images",
      "return not refused(data.idx, { images = '../secret.csv', labels = 'link.csv' })"),
    EscapeAttempt("reads weights", "return not refused(import, '../secret.csv')"),
    EscapeAttempt("loads a protocol", "return not refused(protocol.load, '../secret.lua')"),
    EscapeAttempt("loads a protocol by a link", "return not refused(protocol.load, 'link.lua')"),
    EscapeAttempt("opens the teacher's session", "return (pcall(session.open, 'teacher'))"),
    EscapeAttempt(
      "opens the teacher's session by its path",
      "return not refused(session.open, '../kramers/teacher.kramers')"),
    EscapeAttempt(
      "verifies the teacher's session",
      "return not refused(session.verify, '../kramers/teacher.kramers')"),
    EscapeAttempt("lists the teacher's sessions", "return session.list()[1]"),
  ]

private let writingAttempts = [
  EscapeAttempt("deletes the teacher's session", "return (pcall(session.delete, 'teacher'))"),
  EscapeAttempt(
    "deletes it by its path",
    "return not refused(session.delete, '../kramers/teacher.kramers')"),
  EscapeAttempt("saves elsewhere", "return not refused(session.save, '../planted.kramers')"),
  EscapeAttempt("saves over a link", "return not refused(session.save, 'teacher')"),
  EscapeAttempt("exports a session", "return not refused(session.export, '../planted.kramers')"),
  EscapeAttempt("exports results", "return not refused(session.export, '../planted.jsonl')"),
  EscapeAttempt("writes the journal", "return not refused(session.journal, '../planted.lua')"),
  EscapeAttempt("writes weights", "return not refused(export, '../planted.safetensors')"),
  EscapeAttempt("writes a table", "return not refused(measure().csv, measure(), '../planted.csv')"),
  EscapeAttempt("writes JSON", "return not refused(measure().json, measure(), 'up/planted.json')"),
  EscapeAttempt("writes a page", "return not refused(report, '../planted.html', { measure() })"),
  EscapeAttempt(
    "writes a picture",
    "return not refused(plot, { { x = 1, y = 2 } }, '../planted.svg', { x = 'x', y = 'y' })"
  ),
  EscapeAttempt("writes over a link", "return (pcall(measure().csv, measure(), 'link.csv'))"),
  EscapeAttempt("writes a device", "return (pcall(measure().csv, measure(), '/dev/null'))"),
  // What somebody runs later: a shell's start-up file, git's hooks, a program.
  EscapeAttempt("writes a hidden file", "return (pcall(measure().csv, measure(), '.bashrc'))"),
  EscapeAttempt(
    "writes into a hidden folder", "return (pcall(measure().csv, measure(), '.git/hooks/x.csv'))"),
  EscapeAttempt("writes over a program", "return (pcall(measure().csv, measure(), 'run.sh'))"),
  EscapeAttempt("writes behind a byte 0", "return (pcall(measure().csv, measure(), 'x\\0.csv'))"),
  EscapeAttempt("writes what the shell prints", "shell.once('../planted.txt')"),
  // gnuplot runs what stands in backquotes, and opens '|program' and '<program' by a shell.
  EscapeAttempt(
    "words that gnuplot runs",
    """
    local bad = "`touch planted`'; system('touch planted') #"
    plot({ { [bad] = 1, y = 2 }, { [bad] = 2, y = 3 } }, 'a.svg', { x = bad, y = 'y', title = bad })
    """),
  EscapeAttempt(
    "files that gnuplot runs",
    """
    local rows, columns = { { x = 1, y = 2 }, { x = 2, y = 3 } }, { x = 'x', y = 'y', data = true }
    plot(rows, '|touch planted;.svg', columns)
    plot(rows, '<touch planted;.svg', columns)
    """),
]

// Faults of Lua itself, as its list of bugs (lua.org/bugs.html), the CVEs and fuzzers found them.
private let faultAttempts = [
  // CVE-2021-43519: coroutines in coroutines overflowed the C stack.
  EscapeAttempt(
    "coroutines in coroutines",
    "local function f() return coroutine.wrap(f)() end\nreturn (pcall(f))"),
  // CVE-2022-33099: an error while an error is handled.
  EscapeAttempt(
    "errors in error handlers",
    "local function f() return xpcall(f, f) end f()\nxpcall(error, function(e) error(e) end)"),
  // CVE-2020-15888: stack resizes and the collector.
  EscapeAttempt(
    "stacks that grow while the collector runs",
    """
    local function f(n, ...) if n > 0 then return f(n - 1, {}, ...) end return select('#', ...) end
    for i = 1, 20 do f(i * 10) coroutine.wrap(f)(i * 10) end
    """),
  // CVE-2014-5461: more parameters than arguments.
  EscapeAttempt(
    "many parameters",
    "load('local function f(' .. ('p,'):rep(150) .. '...) return p end return f(...)')(1)"),
  EscapeAttempt("recursion", "local function f() return 1 + f() end\nreturn (pcall(f))"),
  EscapeAttempt(
    "recursion through gsub", "local function f() return ('x'):gsub('x', f) end\nreturn (pcall(f))"),
  EscapeAttempt(
    "recursion through verbs",
    """
    local function V() return passage_time { potential = V, temperature = 1, from = 0, to = 1 } end
    return (pcall(V))
    """),
  EscapeAttempt(
    "recursion through __index",
    "local t = setmetatable({}, {}) getmetatable(t).__index = function(s, k) return s[k] end\nreturn (pcall(function() return t.x end))"
  ),
  EscapeAttempt("deep parentheses", "return load('return ' .. ('('):rep(1e5))"),
  EscapeAttempt("deep tables in text", "return load('return ' .. ('{'):rep(1e5))"),
  EscapeAttempt("deep operators", "return load('return ' .. ('- '):rep(1e5) .. '1')"),
  EscapeAttempt("deep blocks", "return load(('do '):rep(1e5))"),
  EscapeAttempt(
    "deep tables in records",
    "local t = {} for i = 1, 1e5 do t = { t } end return (pcall(emit, t))"),
  EscapeAttempt("a table in itself", "local t = {} t[1] = t return (pcall(emit, t))"),
  EscapeAttempt("a table in itself, printed", "local t = {} t[1] = t t.t = t print(t)"),
  EscapeAttempt(
    "deep tables in sessions",
    "deep = {} for i = 1, 1e5 do deep = { deep } end pcall(session.save, 'deep') deep = nil"),
  EscapeAttempt(
    "an order that is none",
    "local t = {} for i = 1, 1e3 do t[i] = i end pcall(table.sort, t, function() return true end)"),
  EscapeAttempt(
    "an order that breaks its table",
    "local t = {} for i = 1, 1e3 do t[i] = i end pcall(table.sort, t, function(a, b) t[1] = nil return a < b end)"
  ),
  EscapeAttempt("a string beyond all sizes", "return (pcall(string.rep, 'x', 1 << 62))"),
  EscapeAttempt(
    "a string beyond all sizes by its separator",
    "return (pcall(string.rep, 'x', 1 << 40, ('y'):rep(1 << 20)))"),
  EscapeAttempt("a wide format", "return (pcall(string.format, '%99999d', 1))"),
  EscapeAttempt("a format of many", "return (pcall(string.format, ('%d'):rep(300)))"),
  EscapeAttempt("results beyond the stack", "return (pcall(table.unpack, {}, 1, 1e8))"),
  EscapeAttempt("a move beyond integers", "return (pcall(table.move, {}, 1, math.maxinteger, 2))"),
  EscapeAttempt("a string behind its end", "return (pcall(string.unpack, 's8', ('\\xff'):rep(8)))"),
  EscapeAttempt("an integer of 17 bytes", "return (pcall(string.pack, 'i17', 1))"),
  EscapeAttempt("a code point beyond all", "return (pcall(utf8.char, 1 << 40))"),
  EscapeAttempt(
    "a code point within another", "return (pcall(utf8.codepoint, '\\xf4\\x9f\\xbf\\xbf'))"),
  EscapeAttempt("a malformed pattern", "return (pcall(string.find, 'x', '%f'))"),
  EscapeAttempt("too many captures", "return (pcall(string.find, 'x', ('('):rep(33)))"),
  EscapeAttempt(
    "a pattern too complex", "return (pcall(string.find, ('a'):rep(3e5), ('a?'):rep(3e5)))"),
  EscapeAttempt(
    "a date that is none", "return (pcall(os.date, '%Ez')) or (pcall(os.date, '*t', 1 << 60))"),
  EscapeAttempt(
    "__gc called by hand",
    "local mt = { __gc = function() end } setmetatable({}, mt) mt.__gc(1) mt.__gc(nil)"),
]
