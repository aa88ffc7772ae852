-- From schema 5 to 6: events have a table of their own, and an index that is written in its own order. Names of events that came
-- before stay in `seen`, where they are looked for too until their time is over.
CREATE TABLE event (
    seq INTEGER PRIMARY KEY, front INTEGER NOT NULL, back INTEGER NOT NULL, held BLOB, until INTEGER NOT NULL
) STRICT;
CREATE TABLE event_name (front INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (front, seq)) WITHOUT ROWID, STRICT;
