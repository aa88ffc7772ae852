-- The journal, schema 13. Twenty-one tables; a change here is a new schema number and a step in schema/.
-- Moments are UTC microseconds since 1970. Names (flows, steps, queues, systems, codes) are rows of `name`.

-- schema, boot, which environment ran on it last
CREATE TABLE meta (name TEXT PRIMARY KEY, value ANY) WITHOUT ROWID, STRICT;
CREATE TABLE name (id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE plan (id INTEGER PRIMARY KEY AUTOINCREMENT, hash BLOB NOT NULL UNIQUE, bundle BLOB NOT NULL, language INTEGER NOT NULL) STRICT;

-- coding: 0 as it is, 9 forgotten. Its ids are never named outside of the file, so they may be used again.
CREATE TABLE body (id INTEGER PRIMARY KEY, coding INTEGER NOT NULL, data BLOB NOT NULL) STRICT;

-- correlation: empty where it is the message's own id, as in most; schema 4 wrote the digits out.
CREATE TABLE message (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL UNIQUE, source INTEGER NOT NULL, correlation TEXT NOT NULL,
    received INTEGER NOT NULL, key TEXT, version TEXT, body INTEGER NOT NULL,
    -- The message that a person made it of.
    parent INTEGER,
    -- What came beside the body (headers, query, path), a JSON record.
    beside BLOB,
    -- What finds it by its key: 1 `event`, since its key is but the name of its event; 2 `record`; nothing: `message_key`.
    found_by INTEGER
) STRICT;
-- What came of one source, and when: the newest of a flow, those of a time, whether it is silent.
CREATE INDEX message_source ON message (source, received);
CREATE INDEX message_correlation ON message (correlation) WHERE correlation <> '' AND correlation <> lower(hex(id));
-- What came before schema 7.
CREATE INDEX message_key ON message (key) WHERE key IS NOT NULL AND found_by IS NULL;

-- A run has the number of its message (id = message), so that each is found by the other without an index.
-- state: 0 active, 1 parked, 2 done, 3 skipped, 4 dead, 5 uncertain, 6 discarded.
-- reason, node, words: why it stopped, where, and what was said; words alone where it was skipped.
CREATE TABLE run (
    id INTEGER PRIMARY KEY AUTOINCREMENT, root BLOB NOT NULL, message INTEGER NOT NULL, flow INTEGER NOT NULL, plan INTEGER NOT NULL,
    state INTEGER NOT NULL, reason INTEGER, node INTEGER, words TEXT, undone INTEGER, changed INTEGER NOT NULL,
    -- When a person acknowledged that it stopped.
    acknowledged INTEGER
) STRICT;
CREATE INDEX run_active ON run (flow, id, plan) WHERE state = 0;
CREATE INDEX run_parked ON run (flow, plan) WHERE state = 1;
-- The dead letters, and all that their causes are told by.
CREATE INDEX run_stopped ON run (flow, node, reason, words, state, changed, acknowledged) WHERE state IN (4, 5);
-- The same in the order in which a chore goes through them.
CREATE INDEX run_stopped_id ON run (id) WHERE state IN (4, 5);

-- way: 0 do, 1 undo, 2 ask whether it was done. state: 0 owed, 1 started, 2 done, 3 unchanged, 4 superseded, 5 uncertain, 6 dead.
-- outcome: 0 delivered, 1 later, 2 unknown, 3 never. n, exchange and outcome are the last attempt's; earlier ones lie in `attempt`.
-- reason and words: what the state says, else what the last attempt said. lane: 0 where nothing is ordered.
-- failed: when the last try failed. own_failures: those that were no failures of its system. of_item: the print of the item that it is
-- about, in an `each`.
CREATE TABLE effect (
    run INTEGER NOT NULL, node INTEGER NOT NULL, item TEXT NOT NULL, way INTEGER NOT NULL, generation INTEGER NOT NULL,
    queue INTEGER, lane INTEGER NOT NULL, state INTEGER NOT NULL, due INTEGER, tries INTEGER NOT NULL, first INTEGER, boot INTEGER,
    glued INTEGER, sent BLOB, reason INTEGER, words TEXT, result INTEGER, n INTEGER, exchange INTEGER, outcome INTEGER, at INTEGER,
    failed INTEGER, own_failures INTEGER NOT NULL DEFAULT 0, of_item BLOB,
    PRIMARY KEY (run, node, item, way)
) WITHOUT ROWID, STRICT;
-- The only hot index: retries, holds and batches; what is done at once never enters it. It covers what a start asks.
CREATE INDEX effect_due ON effect (queue, due, run, node, item, way, lane, glued) WHERE state = 0;
CREATE INDEX effect_glued ON effect (glued) WHERE state = 0 AND glued IS NOT NULL;
-- What was given up together with others, or was not heard of: these do not go again without it.
CREATE INDEX effect_apart ON effect (glued) WHERE state > 4 AND glued IS NOT NULL;
CREATE INDEX effect_started ON effect (boot) WHERE state = 1;
-- An answer that another state takes the place of is named by nothing any more.
CREATE TRIGGER effect_answer AFTER UPDATE OF result ON effect WHEN old.result IS NOT NULL AND old.result IS NOT new.result
BEGIN DELETE FROM body WHERE id = old.result; END;

-- Lives that were cut off: when the next one began, and the last run that there was. What was on its way then is in no row.
CREATE TABLE cut_off (n INTEGER PRIMARY KEY, at INTEGER NOT NULL, upto INTEGER NOT NULL) STRICT;

-- Undos that a person did by hand, until that is settled.
CREATE TABLE undone (run INTEGER NOT NULL, node INTEGER NOT NULL, item TEXT NOT NULL, PRIMARY KEY (run, node, item)) WITHOUT ROWID, STRICT;

CREATE TABLE exchange (
    id INTEGER PRIMARY KEY AUTOINCREMENT, system INTEGER NOT NULL, operation INTEGER NOT NULL, at INTEGER NOT NULL, micros INTEGER NOT NULL,
    status INTEGER NOT NULL, calls INTEGER NOT NULL, sent INTEGER NOT NULL, got INTEGER NOT NULL,
    -- Of a batch under one key, until its exchange has ended: its queue, and a line a member (run, way, node, item; tabs).
    queue INTEGER, members TEXT
) STRICT;
CREATE INDEX exchange_bundled ON exchange (id) WHERE members IS NOT NULL;

-- Only attempts that another one followed. `at` is part of the key since a replay counts from 1 again.
CREATE TABLE attempt (
    run INTEGER NOT NULL, node INTEGER NOT NULL, item TEXT NOT NULL, way INTEGER NOT NULL, at INTEGER NOT NULL, n INTEGER NOT NULL,
    generation INTEGER NOT NULL, exchange INTEGER, outcome INTEGER NOT NULL, reason INTEGER, words TEXT,
    PRIMARY KEY (run, node, item, way, at, n)
) WITHOUT ROWID, STRICT;

-- Events that came in, each by the number of its message, which it may outlive: rows lie in the order in which they came. front and
-- back: the halves of a digest of scope and key (see events.rs). held: what the event held, where its client may ask again.
CREATE TABLE event (
    seq INTEGER PRIMARY KEY, front INTEGER NOT NULL, back INTEGER NOT NULL, held BLOB, until INTEGER NOT NULL
) STRICT;
-- Finds them by name. It has those up to the number `filed` in `meta`, and perhaps later ones: the writer has the others in memory,
-- and files many at once in the order of this table, since names come in no order and each would be a page of its own.
CREATE TABLE event_name (front INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (front, seq)) WITHOUT ROWID, STRICT;

-- Messages about records: those whose key is more than the name of their event, each with the first half of a digest of it.
CREATE TABLE record (seq INTEGER PRIMARY KEY, front INTEGER NOT NULL) STRICT;
-- Finds them by key, as `event_name` does events; the number up to which it has all is `filed records`.
CREATE TABLE record_key (front INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (front, seq)) WITHOUT ROWID, STRICT;

-- What records held when they came in last, what was sent last (`sent:flow.node`), and events that schema 5 and earlier ones wrote.
CREATE TABLE seen (
    scope INTEGER NOT NULL, key TEXT NOT NULL, print BLOB, message INTEGER, until INTEGER NOT NULL, PRIMARY KEY (scope, key)
) WITHOUT ROWID, STRICT;
CREATE TABLE cursor (source INTEGER PRIMARY KEY, value BLOB, due INTEGER NOT NULL, changed INTEGER NOT NULL) STRICT;
-- state: 0 closed, 1 open, 2 half open
CREATE TABLE gate (
    system INTEGER PRIMARY KEY, state INTEGER NOT NULL, since INTEGER NOT NULL, until INTEGER, opens INTEGER NOT NULL, paused_until INTEGER,
    -- Somebody's word: since when, until when (NULL: until it is resumed), whose, why. A flow that is held has a row named `flow:NAME`.
    held INTEGER, held_until INTEGER, held_by TEXT, held_because TEXT,
    -- Requests of the day that ends then.
    day_until INTEGER, day_calls INTEGER,
    -- What was said when our credentials were refused.
    refused TEXT
) STRICT;
-- What a channel was told of a cause that is not over: since when it stands, when it was told last, how many it was then.
CREATE TABLE alert (
    channel TEXT NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL, code TEXT NOT NULL, since INTEGER NOT NULL, told INTEGER NOT NULL,
    count INTEGER NOT NULL, PRIMARY KEY (channel, kind, subject, code)
) WITHOUT ROWID, STRICT;
-- Work on many stopped runs at once that outlives a restart. kind: 0 replay, 1 replay over newer ones, 2 discard (words: why),
-- 3 and 4 as 0 and 1, also without those that went along under one key.
-- state: 0 open, 1 done, 2 cancelled. Every run up to at_run was seen to, none behind upto is meant.
CREATE TABLE chore (
    id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, words TEXT, flow TEXT, node TEXT, reason TEXT, key TEXT, correlation TEXT,
    upto INTEGER NOT NULL, rate_most INTEGER NOT NULL, rate_micros INTEGER NOT NULL, state INTEGER NOT NULL, at_run INTEGER NOT NULL,
    done INTEGER NOT NULL, left_alone INTEGER NOT NULL, by TEXT NOT NULL
) STRICT;
CREATE INDEX chore_open ON chore (id) WHERE state = 0;
-- What people did. kind: 0 replayed, 1 discarded, 2 acknowledged, 3 made of another message, 4 another message was made of it, 5 undone by hand
CREATE TABLE trail (
    message INTEGER NOT NULL, n INTEGER NOT NULL, at INTEGER NOT NULL, kind INTEGER NOT NULL, by TEXT NOT NULL, words TEXT NOT NULL,
    PRIMARY KEY (message, n)
) WITHOUT ROWID, STRICT;
