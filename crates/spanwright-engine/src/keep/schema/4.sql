-- From schema 3 to 4: what channels were told, and what came of one source.
CREATE TABLE alert (
    channel TEXT NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL, code TEXT NOT NULL, since INTEGER NOT NULL, told INTEGER NOT NULL,
    count INTEGER NOT NULL, PRIMARY KEY (channel, kind, subject, code)
) WITHOUT ROWID, STRICT;
CREATE INDEX message_source ON message (source, received);
