-- From schema 8 to 9: what went with others under one key and is over is found by what it went in.
CREATE INDEX effect_apart ON effect (glued) WHERE state > 4 AND glued IS NOT NULL;
