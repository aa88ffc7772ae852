-- From schema 11 to 12: each life that was cut off is remembered, not the last one alone: what may have been on its way is told in trails.
CREATE TABLE cut_off (n INTEGER PRIMARY KEY, at INTEGER NOT NULL, upto INTEGER NOT NULL) STRICT;
INSERT INTO cut_off (at, upto)
    SELECT at.value, upto.value FROM meta AS at JOIN meta AS upto ON upto.name = 'cut off run' WHERE at.name = 'cut off';
DELETE FROM meta WHERE name IN ('cut off', 'cut off run');
