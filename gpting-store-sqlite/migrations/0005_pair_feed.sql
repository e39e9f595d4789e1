-- Pairs get a place in a feed of their own, counted in `state.pair_position`: what the engine learns decisions from. By
-- triggers, so that a server of an earlier version beside this one gives places too.
ALTER TABLE state ADD COLUMN pair_position INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pair ADD COLUMN change INTEGER NOT NULL DEFAULT 0;

UPDATE pair SET change = numbered.place
FROM (SELECT low, high, row_number() OVER (ORDER BY low, high) AS place FROM pair) AS numbered
WHERE pair.low = numbered.low AND pair.high = numbered.high;
UPDATE state SET pair_position = (SELECT count(*) FROM pair);

CREATE INDEX pair_change ON pair (change);

CREATE TRIGGER pair_made AFTER INSERT ON pair BEGIN
    UPDATE state SET pair_position = pair_position + 1;
    UPDATE pair SET change = (SELECT pair_position FROM state) WHERE low = NEW.low AND high = NEW.high;
END;
CREATE TRIGGER pair_changed AFTER UPDATE OF document ON pair BEGIN
    UPDATE state SET pair_position = pair_position + 1;
    UPDATE pair SET change = (SELECT pair_position FROM state) WHERE low = NEW.low AND high = NEW.high;
END;
