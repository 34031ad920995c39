/**
 * SQLite has a place in the file's header for both: the application that owns the file, and the version of its schema.
 */
export const APPLICATION = 0x70_66_6b_73;
export const SCHEMA = 2;

export const schema: string = `
  CREATE TABLE areas(id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, bytes REAL, entries REAL, hand REAL, cache INTEGER);
  CREATE TABLE versions(slot INTEGER PRIMARY KEY, version REAL NOT NULL);
  CREATE TABLE leases(name TEXT PRIMARY KEY, owner TEXT, token REAL, expires REAL, waited INTEGER, marked INTEGER)
    WITHOUT ROWID;
  CREATE TABLE tokens(last REAL NOT NULL);
  CREATE TABLE messages(id INTEGER PRIMARY KEY AUTOINCREMENT, sent REAL, upto REAL, channel TEXT, sender TEXT, body BLOB);
  INSERT INTO tokens VALUES (0);
  PRAGMA application_id = ${APPLICATION};
  PRAGMA user_version = ${SCHEMA};`;
