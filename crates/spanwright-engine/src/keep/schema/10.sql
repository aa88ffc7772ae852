-- From schema 9 to 10: a gate knows that our credentials were refused, and what was undone by hand is remembered.
ALTER TABLE gate ADD COLUMN refused TEXT;
CREATE TABLE undone (run INTEGER NOT NULL, node INTEGER NOT NULL, item TEXT NOT NULL, PRIMARY KEY (run, node, item)) WITHOUT ROWID, STRICT;
