-- From schema 6 to 7: keys of records lie in a table of their own, and in an index that is written in its own order. Those that came
-- before stay in `message_key`, where they are looked for too until they are forgotten.
ALTER TABLE message RENAME COLUMN event TO found_by;
CREATE TABLE record (seq INTEGER PRIMARY KEY, front INTEGER NOT NULL) STRICT;
CREATE TABLE record_key (front INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (front, seq)) WITHOUT ROWID, STRICT;
