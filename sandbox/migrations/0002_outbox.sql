-- A delivery that waits for an earlier one of its endpoint and session is held: it is not due, and
-- not looked at, until that one has ended. `generation` counts how often it was asked for anew.
ALTER TABLE deliveries ADD COLUMN held INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;

DROP INDEX deliveries_due;
DROP INDEX deliveries_held;
CREATE INDEX deliveries_open ON deliveries (endpoint_id, session_id, seq) WHERE state = 'pending';
UPDATE deliveries SET held = 1
    WHERE state = 'pending' AND EXISTS (SELECT 1 FROM deliveries o
        WHERE o.endpoint_id = deliveries.endpoint_id AND o.session_id = deliveries.session_id
          AND o.state = 'pending' AND o.seq < deliveries.seq);
CREATE INDEX deliveries_due ON deliveries (endpoint_id, due_at, seq)
    WHERE state = 'pending' AND held = 0;
CREATE INDEX deliveries_by_state ON deliveries (state, event_seq);

-- From here on `attempts.at` is told by the merchant's clock, as all times of an event are. Those
-- that were made before keep the machine's.

-- Whether the endpoint is the one that --webhook names.
ALTER TABLE endpoints ADD COLUMN from_start INTEGER NOT NULL DEFAULT 0;

-- What goes wrong on purpose with the merchant's next deliveries, as JSON.
ALTER TABLE merchants ADD COLUMN faults TEXT NOT NULL DEFAULT '{}';
