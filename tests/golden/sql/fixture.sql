-- The database of the catalogue corpus: every way in which a plain statement reaches further.
CREATE TABLE customers (id int PRIMARY KEY, name text, email text, secret text);
CREATE TABLE orders (id int PRIMARY KEY, customer_id int REFERENCES customers ON DELETE CASCADE, total int);
CREATE TABLE lines (order_id int REFERENCES orders ON DELETE SET NULL, note text);
CREATE TABLE log (at timestamptz DEFAULT now(), what text);
CREATE TABLE plain (id int, a text);
CREATE SCHEMA other;
CREATE TABLE other.plain (id int, b text);
CREATE TABLE other.only_here (id int);

CREATE FUNCTION add_one(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n + 1';
CREATE FUNCTION count_customers() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM public.customers';
CREATE FUNCTION drop_plain() RETURNS void LANGUAGE plpgsql AS $$ BEGIN DROP TABLE plain; END $$;
CREATE FUNCTION drop_any(t text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('DROP TABLE %I', t); END $$;
CREATE FUNCTION through() RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM drop_plain(); END $$;
CREATE FUNCTION atomic() RETURNS int LANGUAGE sql BEGIN ATOMIC DELETE FROM orders WHERE id = 1; SELECT 1; END;
CREATE FUNCTION recurses(n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN recurses(n - 1); END $$;
CREATE FUNCTION own_path() RETURNS bigint LANGUAGE sql SET search_path = other AS 'SELECT count(*) FROM plain';
CREATE FUNCTION lower(n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN DELETE FROM log; RETURN n; END $$;
CREATE FUNCTION other.hidden() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION steal(c customers) RETURNS text LANGUAGE sql AS 'DELETE FROM log; SELECT c.secret';
CREATE PROCEDURE purge() LANGUAGE plpgsql AS $$ BEGIN DELETE FROM log WHERE at < now(); COMMIT; END $$;
CREATE FUNCTION set_path() RETURNS void LANGUAGE plpgsql AS $$ BEGIN SET search_path = other; END $$;

CREATE VIEW customer_names AS SELECT id, name FROM customers;
CREATE VIEW nested AS SELECT name FROM customer_names WHERE add_one(id) > 1;
CREATE VIEW evil_view AS SELECT id FROM plain WHERE drop_plain() IS NULL;
CREATE MATERIALIZED VIEW copies AS SELECT email, count_customers() FROM customers;
CREATE VIEW with_rule AS SELECT id FROM plain;
CREATE RULE redirect AS ON INSERT TO with_rule DO INSTEAD DELETE FROM orders WHERE id = new.id;
CREATE VIEW with_trigger AS SELECT id FROM plain;

CREATE FUNCTION on_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log (what) VALUES (TG_OP); RETURN NEW; END $$;
CREATE FUNCTION is_big(n int) RETURNS boolean LANGUAGE sql AS 'SELECT n > 100';
CREATE TABLE watched (id int, total int);
CREATE TRIGGER log_it AFTER INSERT ON watched FOR EACH ROW WHEN (is_big(new.total)) EXECUTE FUNCTION on_change();
CREATE TRIGGER instead INSTEAD OF INSERT ON with_trigger FOR EACH ROW EXECUTE FUNCTION on_change();

CREATE TABLE guarded (id int, owner text);
CREATE FUNCTION allowed(o text) RETURNS boolean LANGUAGE sql AS 'SELECT EXISTS (SELECT FROM customers WHERE name = o)';
CREATE POLICY own ON guarded USING (allowed(owner));
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;

CREATE TABLE defaults (id int DEFAULT count_customers(), a text CHECK (is_big(length(a))), b int GENERATED ALWAYS AS (add_one(5)) STORED);
CREATE TABLE indexed (a text);
CREATE FUNCTION shout(a text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT upper(a)';
CREATE INDEX ON indexed (shout(a));
CREATE DOMAIN big AS int CHECK (is_big(VALUE));
CREATE TABLE with_domain (n big);
CREATE TYPE pair AS (a int, b big);
CREATE TABLE with_pair (p pair);

CREATE TABLE events (id int, day date) PARTITION BY RANGE (day);
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE parent (id int);
CREATE TABLE child (extra int) INHERITS (parent);

CREATE FUNCTION plus_evil(a int, b text) RETURNS int LANGUAGE sql AS 'DELETE FROM log; SELECT 1';
CREATE OPERATOR + (LEFTARG = int, RIGHTARG = text, FUNCTION = plus_evil);
CREATE OPERATOR other.### (LEFTARG = int, RIGHTARG = text, FUNCTION = plus_evil);
CREATE FUNCTION pair_to_text(p pair) RETURNS text LANGUAGE sql AS 'DELETE FROM log; SELECT ''x''';
CREATE CAST (pair AS text) WITH FUNCTION pair_to_text(pair) AS IMPLICIT;
CREATE SEQUENCE numbers;
CREATE TABLE "Mixed Case" ("Odd Column" int);
CREATE MATERIALIZED VIEW guarded_copy AS SELECT id FROM guarded WHERE false;
CREATE FUNCTION counts() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT count(*) FROM plain); END $$;
CREATE FUNCTION other_path() RETURNS bigint LANGUAGE plpgsql SET search_path = other, public AS $$ BEGIN RETURN counts(); END $$;
