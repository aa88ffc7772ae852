-- From schema 4 to 5: fewer index entries for what is accepted.
-- A run has the number of its message, and needs no index to be found by it. No edition wrote anything else; where a file says
-- otherwise all the same, its messages take the numbers of their runs, and with them whoever names a message by its number.
CREATE TEMP TABLE apart (old INTEGER PRIMARY KEY, new INTEGER NOT NULL) STRICT;
INSERT INTO apart SELECT message, id FROM run INDEXED BY run_message WHERE message <> id;
UPDATE meta SET value = coalesce((SELECT coalesce(new, seq) FROM message LEFT JOIN apart ON old = seq WHERE seq <= value
    ORDER BY seq DESC LIMIT 1), value) WHERE name = 'set back' AND EXISTS (SELECT 1 FROM apart);
UPDATE message SET seq = -(SELECT new FROM apart WHERE old = seq) WHERE seq IN (SELECT old FROM apart);
UPDATE message SET seq = -seq WHERE seq < 0;
UPDATE message SET parent = (SELECT new FROM apart WHERE old = parent)
    WHERE seq IN (SELECT child.seq FROM apart CROSS JOIN message AS child ON child.parent = old);
UPDATE seen SET message = (SELECT new FROM apart WHERE old = message)
    WHERE (scope, key) IN (SELECT its.scope, its.key FROM apart CROSS JOIN seen AS its ON its.message = old);
UPDATE trail SET message = -(SELECT new FROM apart WHERE old = message) WHERE message IN (SELECT old FROM apart);
UPDATE trail SET message = -message WHERE message < 0;
UPDATE run SET message = id WHERE id IN (SELECT new FROM apart);
DROP TABLE apart;
DROP INDEX run_message;
-- A correlation id that is the message's own id is empty from now on; older rows have it in digits, and both are found by the id.
DROP INDEX message_correlation;
CREATE INDEX message_correlation ON message (correlation) WHERE correlation <> '' AND correlation <> lower(hex(id));
-- A key that is but the name of an event is found by `seen`, from now on.
ALTER TABLE message ADD COLUMN event INTEGER;
DROP INDEX message_key;
CREATE INDEX message_key ON message (key) WHERE key IS NOT NULL AND event IS NULL;
