-- From schema 1 to 2: chores are written, people acknowledge and edit.
ALTER TABLE message ADD COLUMN parent INTEGER;
ALTER TABLE message ADD COLUMN beside BLOB;
ALTER TABLE run ADD COLUMN acknowledged INTEGER;
CREATE INDEX run_stopped_id ON run (id) WHERE state IN (4, 5);
-- A refusal says that no earlier try of unknown outcome had arrived; schema 1 kept the print all the same.
UPDATE effect SET sent = NULL WHERE state = 6 AND outcome = 3 AND run IN (SELECT id FROM run INDEXED BY run_stopped WHERE state IN (4, 5));
DROP TABLE errand;
-- Work on many stopped runs at once that outlives a restart. kind: 0 replay, 1 replay over newer ones, 2 discard (words: why).
-- state: 0 open, 1 done, 2 cancelled. Every run up to at_run was seen to, none behind upto is meant.
CREATE TABLE chore (
    id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, words TEXT, flow TEXT, node TEXT, reason TEXT, key TEXT, correlation TEXT,
    upto INTEGER NOT NULL, rate_most INTEGER NOT NULL, rate_micros INTEGER NOT NULL, state INTEGER NOT NULL, at_run INTEGER NOT NULL,
    done INTEGER NOT NULL, left_alone INTEGER NOT NULL, by TEXT NOT NULL
) STRICT;
CREATE INDEX chore_open ON chore (id) WHERE state = 0;
