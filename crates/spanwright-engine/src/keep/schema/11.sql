-- From schema 10 to 11: dead letters by cause are told from the index alone.
DROP INDEX run_stopped;
CREATE INDEX run_stopped ON run (flow, node, reason, words, state, changed, acknowledged) WHERE state IN (4, 5);
