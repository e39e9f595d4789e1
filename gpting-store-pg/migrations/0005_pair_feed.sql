-- Pairs get a place in a feed of their own, as members have one: what the engine learns decisions from. By a trigger, so
-- that a server of an earlier version beside this one gives places too.
ALTER TABLE pair ADD COLUMN change xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE INDEX pair_change ON pair (change, low, high);

CREATE FUNCTION pair_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.change := pg_catalog.pg_current_xact_id();
    RETURN NEW;
END $$;
CREATE TRIGGER pair_changed BEFORE UPDATE ON pair FOR EACH ROW EXECUTE FUNCTION pair_changed();
