/// The tables of a session file; docs/session-file.md describes them. A file is read when its schema
/// is this one to the letter, so a change, of a comment even, is a new version.
///
/// `SessionReader` reads all versions. Opening never changes a file: the first save to an old one,
/// which knows of no rows in it (`SavedRows`), drops its tables and makes those of the new version.
///
/// A new setting needs no new version: those of version 1 have columns, the others stand in
/// `experiment.settings`.
enum Schema {
  /// `user_version` of the files that are written.
  static let version = 2
  /// "Kram", at byte 68 of the file.
  static let applicationID = 0x4B72_616D

  /// An array's part in `content`, in bytes: far below what SQLite allows for a blob (10^9).
  static let partSize = 1 << 24

  /// In the order in which they are filled.
  static let tables = tables(of: version)

  static func tables(of version: Int) -> [(name: String, sql: String)] {
    versionOne.map { table in
      guard version > 1, table.name == "experiment" else { return table }
      return (table.name, table.sql.replacing(lastColumn, with: lastColumns))
    }
  }

  private static let lastColumn = "  cursor INTEGER NOT NULL\n"
  private static let lastColumns = """
      cursor INTEGER NOT NULL,
      settings TEXT NOT NULL -- JSON: settings without a column that are not at their defaults

    """

  static let versionOne: [(name: String, sql: String)] = [
    (
      "session",
      """
      CREATE TABLE session (
        id INTEGER PRIMARY KEY, -- 1
        program TEXT NOT NULL,
        instruction_set TEXT NOT NULL,
        created REAL, -- seconds since 1970
        saved REAL,
        digest INTEGER NOT NULL -- of all rows
      ) STRICT
      """
    ),
    (
      "content",
      """
      CREATE TABLE content (
        id INTEGER NOT NULL, -- hash of the bytes of all parts together
        part INTEGER NOT NULL, -- from 0; each but the last has 16 MiB
        bytes BLOB NOT NULL, -- of an array: doubles, little-endian
        PRIMARY KEY (id, part)
      ) STRICT
      """
    ),
    (
      "dataset",
      """
      CREATE TABLE dataset (
        id INTEGER PRIMARY KEY, -- its checksum
        name TEXT NOT NULL,
        inputs INTEGER NOT NULL,
        outputs INTEGER NOT NULL,
        samples INTEGER, -- NULL: moments only
        x INTEGER, -- ids of arrays: samples rows of inputs
        y INTEGER,
        target_weights INTEGER,
        test_samples INTEGER,
        test_x INTEGER,
        test_y INTEGER,
        test_target_weights INTEGER,
        moments INTEGER NOT NULL -- <x x'>, <y x'>, <|y|^2> in one array
      ) STRICT
      """
    ),
    (
      "experiment",
      """
      CREATE TABLE experiment (
        id INTEGER PRIMARY KEY, -- hash of the other columns
        data INTEGER NOT NULL REFERENCES dataset (id),
        widths TEXT NOT NULL, -- JSON
        activation TEXT NOT NULL,
        bias INTEGER NOT NULL,
        loss TEXT NOT NULL,
        init TEXT NOT NULL,
        init_scale REAL NOT NULL,
        seed INTEGER NOT NULL, -- 64 bits, the highest as the sign
        optimizer TEXT NOT NULL,
        momentum REAL NOT NULL,
        lr REAL NOT NULL,
        l2 REAL NOT NULL,
        l2_center INTEGER, -- id of an array
        batch INTEGER, -- NULL: all samples
        sampling TEXT NOT NULL,
        temperature REAL NOT NULL,
        gradient_noise REAL NOT NULL,
        label_noise REAL NOT NULL,
        precision TEXT NOT NULL,
        step INTEGER NOT NULL,
        epochs REAL NOT NULL,
        parameters INTEGER NOT NULL, -- ids of arrays
        first_moment INTEGER,
        second_moment INTEGER,
        moment_steps INTEGER NOT NULL,
        epoch INTEGER NOT NULL, -- the permutation under way, and how much of it is used
        cursor INTEGER NOT NULL
      ) STRICT
      """
    ),
    (
      "journal",
      """
      CREATE TABLE journal (
        entry INTEGER PRIMARY KEY, -- from 0
        kind TEXT NOT NULL, -- entry, code, script
        source BLOB NOT NULL,
        chunk TEXT NOT NULL,
        arguments TEXT NOT NULL, -- JSON
        started REAL, -- seconds since 1970
        seconds REAL,
        outcome TEXT NOT NULL, -- ok, error, interrupted, running
        message TEXT
      ) STRICT
      """
    ),
    (
      "variable",
      """
      CREATE TABLE variable (
        position INTEGER PRIMARY KEY,
        name TEXT NOT NULL,
        kind TEXT NOT NULL,
        summary TEXT NOT NULL
      ) STRICT
      """
    ),
    (
      "result",
      """
      CREATE TABLE result (
        position INTEGER PRIMARY KEY,
        name TEXT NOT NULL,
        kind TEXT NOT NULL,
        json TEXT NOT NULL,
        provenance TEXT -- JSON
      ) STRICT
      """
    ),
    (
      "unsaved",
      """
      CREATE TABLE unsaved (
        position INTEGER PRIMARY KEY,
        name TEXT NOT NULL,
        kind TEXT NOT NULL,
        entry INTEGER -- the journal's that made it
      ) STRICT
      """
    ),
    (
      "state",
      """
      CREATE TABLE state (
        id INTEGER PRIMARY KEY, -- 0: now; 1: where the interrupted entry began
        entry INTEGER, -- the interrupted one
        seed INTEGER NOT NULL,
        random BLOB NOT NULL, -- words of 64 bits, little-endian
        current INTEGER, -- position of the current experiment
        content INTEGER NOT NULL -- the globals, encoded
      ) STRICT
      """
    ),
    (
      "object",
      """
      CREATE TABLE object (
        state INTEGER NOT NULL REFERENCES state (id),
        position INTEGER NOT NULL,
        kind TEXT NOT NULL, -- data, experiment, snapshot, states
        data INTEGER REFERENCES dataset (id),
        experiment INTEGER REFERENCES experiment (id),
        owner INTEGER, -- position of the experiment that states belong to
        PRIMARY KEY (state, position)
      ) STRICT, WITHOUT ROWID
      """
    ),
    (
      "object_state",
      """
      CREATE TABLE object_state (
        state INTEGER NOT NULL,
        object INTEGER NOT NULL,
        position INTEGER NOT NULL,
        experiment INTEGER NOT NULL REFERENCES experiment (id),
        PRIMARY KEY (state, object, position)
      ) STRICT, WITHOUT ROWID
      """
    ),
    (
      "call",
      """
      CREATE TABLE call (
        position INTEGER PRIMARY KEY,
        number INTEGER NOT NULL, -- which call of a verb in the interrupted entry
        verb TEXT NOT NULL,
        hash INTEGER NOT NULL,
        has_ended INTEGER NOT NULL,
        content INTEGER NOT NULL -- what it had done, encoded
      ) STRICT
      """
    ),
    (
      "call_experiment",
      """
      CREATE TABLE call_experiment (
        call INTEGER NOT NULL REFERENCES call (position),
        position INTEGER NOT NULL,
        experiment INTEGER NOT NULL REFERENCES experiment (id),
        PRIMARY KEY (call, position)
      ) STRICT, WITHOUT ROWID
      """
    ),
  ]

  /// Indices that SQLite makes by itself, and their tables.
  static let automaticIndices = ["sqlite_autoindex_content_1": "content"]
}
