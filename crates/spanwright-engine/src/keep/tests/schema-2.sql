-- A journal as schema 2 wrote it: a system that is held back, two dead letters of which one was seen, two done, one that waits.
PRAGMA page_size = 8192; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;
BEGIN TRANSACTION;
-- The journal, schema 2. Fourteen tables; a change here is a new schema number and a step in schema/.
-- Moments are UTC microseconds since 1970. Names (flows, steps, queues, systems, codes) are rows of `name`.

-- schema, boot
CREATE TABLE meta (name TEXT PRIMARY KEY, value ANY) WITHOUT ROWID, STRICT;
CREATE TABLE name (id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE plan (id INTEGER PRIMARY KEY AUTOINCREMENT, hash BLOB NOT NULL UNIQUE, bundle BLOB NOT NULL, language INTEGER NOT NULL) STRICT;

-- coding: 0 as it is, 9 forgotten. Its ids are never named outside of the file, so they may be used again.
CREATE TABLE body (id INTEGER PRIMARY KEY, coding INTEGER NOT NULL, data BLOB NOT NULL) STRICT;

CREATE TABLE message (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL UNIQUE, source INTEGER NOT NULL, correlation TEXT NOT NULL,
    received INTEGER NOT NULL, key TEXT, version TEXT, body INTEGER NOT NULL,
    -- The message that a person made it of.
    parent INTEGER,
    -- What came beside the body (headers, query, path), a JSON record.
    beside BLOB
) STRICT;
CREATE INDEX message_correlation ON message (correlation);
-- Answers both "which messages about this record?" and "did a newer one come?", since the row number ends every index.
CREATE INDEX message_key ON message (key) WHERE key IS NOT NULL;

-- state: 0 active, 1 parked, 2 done, 3 skipped, 4 dead, 5 uncertain, 6 discarded.
-- reason, node, words: why it stopped, where, and what was said; words alone where it was skipped.
CREATE TABLE run (
    id INTEGER PRIMARY KEY AUTOINCREMENT, root BLOB NOT NULL, message INTEGER NOT NULL, flow INTEGER NOT NULL, plan INTEGER NOT NULL,
    state INTEGER NOT NULL, reason INTEGER, node INTEGER, words TEXT, undone INTEGER, changed INTEGER NOT NULL,
    -- When a person acknowledged that it stopped.
    acknowledged INTEGER
) STRICT;
CREATE INDEX run_message ON run (message);
CREATE INDEX run_active ON run (flow, id, plan) WHERE state = 0;
CREATE INDEX run_parked ON run (flow, plan) WHERE state = 1;
-- The dead letters.
CREATE INDEX run_stopped ON run (flow, node, reason, changed) WHERE state IN (4, 5);
-- The same in the order in which a chore goes through them.
CREATE INDEX run_stopped_id ON run (id) WHERE state IN (4, 5);

-- way: 0 do, 1 undo, 2 ask whether it was done. state: 0 owed, 1 started, 2 done, 3 unchanged, 4 superseded, 5 uncertain, 6 dead.
-- outcome: 0 delivered, 1 later, 2 unknown, 3 never. n, exchange and outcome are the last attempt's; earlier ones lie in `attempt`.
-- reason and words: what the state says, else what the last attempt said. lane: 0 where nothing is ordered.
CREATE TABLE effect (
    run INTEGER NOT NULL, node INTEGER NOT NULL, item TEXT NOT NULL, way INTEGER NOT NULL, generation INTEGER NOT NULL,
    queue INTEGER, lane INTEGER NOT NULL, state INTEGER NOT NULL, due INTEGER, tries INTEGER NOT NULL, first INTEGER, boot INTEGER,
    glued INTEGER, sent BLOB, reason INTEGER, words TEXT, result INTEGER, n INTEGER, exchange INTEGER, outcome INTEGER, at INTEGER,
    PRIMARY KEY (run, node, item, way)
) WITHOUT ROWID, STRICT;
-- The only hot index: retries, holds and batches; what is done at once never enters it. It covers what a start asks.
CREATE INDEX effect_due ON effect (queue, due, run, node, item, way, lane, glued) WHERE state = 0;
CREATE INDEX effect_glued ON effect (glued) WHERE state = 0 AND glued IS NOT NULL;
CREATE INDEX effect_started ON effect (boot) WHERE state = 1;

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

-- print: of a record what it held last, of an event what it held.
-- What came in before, and what was sent last (`sent:flow.node`).
CREATE TABLE seen (
    scope INTEGER NOT NULL, key TEXT NOT NULL, print BLOB, message INTEGER, until INTEGER NOT NULL, PRIMARY KEY (scope, key)
) WITHOUT ROWID, STRICT;
CREATE TABLE cursor (source INTEGER PRIMARY KEY, value BLOB, due INTEGER NOT NULL, changed INTEGER NOT NULL) STRICT;
-- state: 0 closed, 1 open, 2 half open
CREATE TABLE gate (
    system INTEGER PRIMARY KEY, state INTEGER NOT NULL, since INTEGER NOT NULL, until INTEGER, opens INTEGER NOT NULL, paused_until INTEGER
) STRICT;
-- Work on many stopped runs at once that outlives a restart. kind: 0 replay, 1 replay over newer ones, 2 discard (words: why).
-- state: 0 open, 1 done, 2 cancelled. Every run up to at_run was seen to, none behind upto is meant.
CREATE TABLE chore (
    id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, words TEXT, flow TEXT, node TEXT, reason TEXT, key TEXT, correlation TEXT,
    upto INTEGER NOT NULL, rate_most INTEGER NOT NULL, rate_micros INTEGER NOT NULL, state INTEGER NOT NULL, at_run INTEGER NOT NULL,
    done INTEGER NOT NULL, left_alone INTEGER NOT NULL, by TEXT NOT NULL
) STRICT;
CREATE INDEX chore_open ON chore (id) WHERE state = 0;
-- What people did. kind: 0 replayed, 1 discarded, 2 acknowledged, 3 made of another message, 4 another message was made of it
CREATE TABLE trail (
    message INTEGER NOT NULL, n INTEGER NOT NULL, at INTEGER NOT NULL, kind INTEGER NOT NULL, by TEXT NOT NULL, words TEXT NOT NULL,
    PRIMARY KEY (message, n)
) WITHOUT ROWID, STRICT;
INSERT INTO attempt (run, node, item, way, at, n, generation, exchange, outcome, reason, words) VALUES (601, 6, '', 0, 1795669252094543, 1, 0, 2, 2, 10, 'crm.upsertContacts: the request was sent and no answer came: the connection broke after 537193 bytes were sent and before an answer came: connection closed before message completed');
INSERT INTO attempt (run, node, item, way, at, n, generation, exchange, outcome, reason, words) VALUES (601, 6, '', 0, 1795669252710304, 2, 0, 3, 1, 11, 'crm.upsertContacts answered 503 Service Unavailable: down for maintenance');
INSERT INTO attempt (run, node, item, way, at, n, generation, exchange, outcome, reason, words) VALUES (601, 6, '', 0, 1795669255135425, 3, 0, 5, 1, 11, 'crm.upsertContacts answered 503 Service Unavailable: down for maintenance');
INSERT INTO attempt (run, node, item, way, at, n, generation, exchange, outcome, reason, words) VALUES (601, 6, '', 0, 1795669259289834, 4, 0, 6, 1, 11, 'crm.upsertContacts answered 429 Too Many Requests: too many calls');
INSERT INTO cursor (source, value, due, changed) VALUES (1, X'22323032362D30312D30315430393A33333A343022', 1795669267778406, 1795669265778406);
INSERT INTO effect (run, node, item, way, generation, queue, lane, state, due, tries, first, boot, glued, sent, reason, words, result, n, exchange, outcome, at) VALUES (1, 6, '', 0, 0, 5, -993667712640323503, 2, NULL, 1, 1795669250390541, NULL, NULL, NULL, NULL, NULL, NULL, 1, 1, 0, 1795669250451361);
INSERT INTO effect (run, node, item, way, generation, queue, lane, state, due, tries, first, boot, glued, sent, reason, words, result, n, exchange, outcome, at) VALUES (2, 6, '', 0, 0, 5, -3822151170009801161, 2, NULL, 1, 1795669250390541, NULL, NULL, NULL, NULL, NULL, NULL, 1, 1, 0, 1795669250451361);
INSERT INTO effect (run, node, item, way, generation, queue, lane, state, due, tries, first, boot, glued, sent, reason, words, result, n, exchange, outcome, at) VALUES (3, 6, '', 0, 0, 5, -1780637690079862522, 0, 1, 1, 1795669250390541, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1795669250451361);
INSERT INTO effect (run, node, item, way, generation, queue, lane, state, due, tries, first, boot, glued, sent, reason, words, result, n, exchange, outcome, at) VALUES (601, 6, '', 0, 0, 5, 1825275192192037024, 6, NULL, 5, 1795669251817888, NULL, NULL, NULL, 12, 'crm.upsertContacts refused this item with 422 Unprocessable Content: email: a contact from another system needs an e-mail address', NULL, 5, 9, 3, 1795669262216832);
INSERT INTO exchange (id, system, operation, at, micros, status, calls, sent, got, queue, members) VALUES (1, 3, 4, 1795669250390541, 56296, 200, 200, 215620, 11906, NULL, NULL);
INSERT INTO exchange (id, system, operation, at, micros, status, calls, sent, got, queue, members) VALUES (2, 3, 4, 1795669251817888, 273405, 0, 499, 537193, 0, NULL, NULL);
INSERT INTO exchange (id, system, operation, at, micros, status, calls, sent, got, queue, members) VALUES (3, 3, 4, 1795669252651452, 47490, 503, 499, 537193, 190, NULL, NULL);
INSERT INTO exchange (id, system, operation, at, micros, status, calls, sent, got, queue, members) VALUES (5, 3, 4, 1795669255069973, 64297, 503, 499, 537193, 190, NULL, NULL);
INSERT INTO exchange (id, system, operation, at, micros, status, calls, sent, got, queue, members) VALUES (6, 3, 4, 1795669259249883, 38700, 429, 499, 537193, 198, NULL, NULL);
INSERT INTO exchange (id, system, operation, at, micros, status, calls, sent, got, queue, members) VALUES (9, 3, 4, 1795669262109458, 104753, 200, 499, 537193, 30036, NULL, NULL);
INSERT INTO gate (system, state, since, until, opens, paused_until) VALUES (3, 2, 1795669259135595, NULL, 2, 1795669261567969);
INSERT INTO message (seq, id, source, correlation, received, key, version, body, parent, beside) VALUES (1, X'01A2163A4CAF752CB98C8F5B39DC96E9', 1, '01a2163a4caf752cb98c8f5b39dc96e9', 1795669249199639, '100001', '2026-01-01T04:00:00', 1, NULL, NULL);
INSERT INTO message (seq, id, source, correlation, received, key, version, body, parent, beside) VALUES (2, X'01A2163A4CAF7B4D8C396B9CC13F77C1', 1, '01a2163a4caf7b4d8c396b9cc13f77c1', 1795669249199639, '100002', '2026-01-01T04:00:20', 2, NULL, NULL);
INSERT INTO message (seq, id, source, correlation, received, key, version, body, parent, beside) VALUES (3, X'01A2163A4CAF74A5A81FFC33A81F29FF', 1, '01a2163a4caf74a5a81ffc33a81f29ff', 1795669249199639, '100003', '2026-01-01T04:00:40', 3, NULL, NULL);
INSERT INTO message (seq, id, source, correlation, received, key, version, body, parent, beside) VALUES (301, X'01A2163A53027954B300E7B5E260AE00', 1, '01a2163a53027954b300e7b5e260ae00', 1795669250818488, '100301', '2026-01-01T05:40:00', 301, NULL, NULL);
INSERT INTO message (seq, id, source, correlation, received, key, version, body, parent, beside) VALUES (601, X'01A2163A55517535944731E985CBA56D', 1, '01a2163a55517535944731e985cba56d', 1795669251409962, '100601', '2026-01-01T07:20:00', 601, NULL, NULL);
INSERT INTO meta (name, value) VALUES ('boot', 1);
INSERT INTO meta (name, value) VALUES ('schema', 2);
INSERT INTO name (id, text) VALUES (1, 'customers.source');
INSERT INTO name (id, text) VALUES (2, 'customers');
INSERT INTO name (id, text) VALUES (3, 'crm');
INSERT INTO name (id, text) VALUES (4, 'upsertContacts');
INSERT INTO name (id, text) VALUES (5, 'customers.send-crm.upsertContacts');
INSERT INTO name (id, text) VALUES (6, 'send-crm.upsertContacts');
INSERT INTO name (id, text) VALUES (7, 'sent:customers.send-crm.upsertContacts');
INSERT INTO name (id, text) VALUES (8, 'R0003');
INSERT INTO name (id, text) VALUES (9, 'source');
INSERT INTO name (id, text) VALUES (10, 'R2010');
INSERT INTO name (id, text) VALUES (11, 'R2006');
INSERT INTO name (id, text) VALUES (12, 'R2015');
INSERT INTO plan (id, hash, bundle, language) VALUES (1, X'FAB88822FC66787C77D785C8CC043119743E1F6A6B58BB61BA0B53E9AEA39780', X'00', 1);
INSERT INTO run (id, root, message, flow, plan, state, reason, node, words, undone, changed, acknowledged) VALUES (1, X'FE7C75BC411BF8B044CA4551FE3B70DF', 1, 2, 1, 2, NULL, NULL, NULL, NULL, 1795669250451361, NULL);
INSERT INTO run (id, root, message, flow, plan, state, reason, node, words, undone, changed, acknowledged) VALUES (2, X'B928C2F5946F02C8049647B080BA2F58', 2, 2, 1, 2, NULL, NULL, NULL, NULL, 1795669250451361, NULL);
INSERT INTO run (id, root, message, flow, plan, state, reason, node, words, undone, changed, acknowledged) VALUES (3, X'5054BD067311E6B07333381AC24ADAFE', 3, 2, 1, 1, NULL, NULL, NULL, NULL, 1795669250451361, NULL);
INSERT INTO run (id, root, message, flow, plan, state, reason, node, words, undone, changed, acknowledged) VALUES (301, X'46461C99576549217C2C5676AB956E9B', 301, 2, 1, 4, 8, 9, 'CreditLimit: it is not a decimal', NULL, 1795669250818488, NULL);
INSERT INTO run (id, root, message, flow, plan, state, reason, node, words, undone, changed, acknowledged) VALUES (601, X'E8951085E3313125F859F8B4DCA4ABA4', 601, 2, 1, 4, 12, 6, 'crm.upsertContacts refused this item with 422 Unprocessable Content: email: a contact from another system needs an e-mail address', 0, 1795669262216832, NULL);
INSERT INTO seen (scope, key, print, message, until) VALUES (1, '100001', X'02015F2C29CD2CC046BF4317D385D4A935204C0F494F061FFB80FDBB2CCB8325', 1, 1803445249199639);
INSERT INTO seen (scope, key, print, message, until) VALUES (1, '100002', X'E2F679346CC09562D3F528A6298ADC466014BB1F2DCEF50C36DF08CB7D4ACF92', 2, 1803445249199639);
INSERT INTO seen (scope, key, print, message, until) VALUES (1, '100003', X'88D90298D656429DE80112C5ABAEC3F5163E31CBE70891110D8BC38E890B4126', 3, 1803445249199639);
INSERT INTO seen (scope, key, print, message, until) VALUES (1, '100301', X'A899268CFF034696C3E12949826AC20DC0295997DBCB695BF90E9E1A988EC12A', 301, 1803445250818488);
INSERT INTO seen (scope, key, print, message, until) VALUES (1, '100601', X'C199704291995E137F892D790DD69834B51BDEC87931B8052D71A23ADDA80A18', 601, 1803445251409962);
INSERT INTO body (id, coding, data) VALUES (1, 0, X'7B224E756D626572223A2231227D');
INSERT INTO body (id, coding, data) VALUES (2, 0, X'7B224E756D626572223A2231227D');
INSERT INTO body (id, coding, data) VALUES (3, 0, X'7B224E756D626572223A2231227D');
INSERT INTO body (id, coding, data) VALUES (301, 0, X'7B224E756D626572223A2231227D');
INSERT INTO body (id, coding, data) VALUES (601, 0, X'7B224E756D626572223A2231227D');
UPDATE run SET acknowledged = 1795669270000000 WHERE id = 301;
COMMIT;
