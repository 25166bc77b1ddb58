-- The roles of a fleet in its database, each with what it needs and no more. As the owner of the
-- server, in the database of the fleet:
--
--   createdb reconcile
--   psql -d reconcile -f roles.sql
--   psql -d reconcile -c '\password reconcile_migrator'    and so on, for each role
--   reconcile fleet init            with the address of reconcile_migrator
--   psql -d reconcile -f roles.sql                         once more, and after each upgrade
--
-- Whatever is there already stays, and becomes as it stands here.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
BEGIN;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['reconcile_migrator', 'reconcile_worker', 'reconcile_reader'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I LOGIN', name);
        END IF;
    END LOOP;
END
$$;

-- Nobody else comes in.
REVOKE ALL ON DATABASE :"DBNAME" FROM PUBLIC;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT CONNECT ON DATABASE :"DBNAME" TO reconcile_migrator, reconcile_worker, reconcile_reader;

-- The migrator owns the tables, and runs `reconcile fleet init`. It makes no other schema.
CREATE SCHEMA IF NOT EXISTS reconcile AUTHORIZATION reconcile_migrator;
CREATE SCHEMA IF NOT EXISTS procrastinate AUTHORIZATION reconcile_migrator;
ALTER SCHEMA reconcile OWNER TO reconcile_migrator;
ALTER SCHEMA procrastinate OWNER TO reconcile_migrator;

-- For poolers that do not pass on what an address sets.
ALTER ROLE reconcile_migrator IN DATABASE :"DBNAME" SET search_path = reconcile;
ALTER ROLE reconcile_worker IN DATABASE :"DBNAME" SET search_path = reconcile;
ALTER ROLE reconcile_reader IN DATABASE :"DBNAME" SET search_path = reconcile;

-- A worker reads and writes all rows of state and queue, of later versions, too, so that an upgrade
-- does not stop it. It makes, changes and empties no table. All workers have this one role: so one
-- may end the session that a dead one has left (pg_terminate_backend), and no session of others.
GRANT USAGE ON SCHEMA reconcile, procrastinate TO reconcile_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA reconcile, procrastinate
    TO reconcile_worker;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA reconcile, procrastinate TO reconcile_worker;
ALTER DEFAULT PRIVILEGES FOR ROLE reconcile_migrator IN SCHEMA reconcile, procrastinate
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO reconcile_worker;
ALTER DEFAULT PRIVILEGES FOR ROLE reconcile_migrator IN SCHEMA reconcile, procrastinate
    GRANT USAGE ON SEQUENCES TO reconcile_worker;

-- A reader shows pages. It reads the state, and of the files of the fleet only which there are: their
-- text may tell who may log in where. Tables that a later version has are given when this runs again.
GRANT USAGE ON SCHEMA reconcile TO reconcile_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA reconcile TO reconcile_reader;
ALTER ROLE reconcile_reader IN DATABASE :"DBNAME" SET default_transaction_read_only = on;

-- Advisory locks have no owner: whoever may take one could keep workers from every cluster, and large
-- objects fill the disk. So both are for who works alone. This needs the owner of the server.
DO $$
DECLARE
    one regprocedure;
BEGIN
    FOR one IN
        SELECT oid FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND (
            proname ~ '^pg_(try_)?advisory_'
            OR proname IN ('lo_creat', 'lo_create', 'lo_from_bytea', 'lo_put', 'lowrite')
        )
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', one);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO reconcile_migrator, reconcile_worker', one);
    END LOOP;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'readers may take advisory locks: only the owner of the server keeps them from it';
END
$$;

-- What there is only after `reconcile fleet init`.
DO $$
BEGIN
    IF to_regclass('reconcile.alembic_version') IS NOT NULL THEN
        REVOKE INSERT, UPDATE, DELETE ON reconcile.alembic_version FROM reconcile_worker;
        REVOKE SELECT ON reconcile.kept_files, reconcile.fleet_files FROM reconcile_reader;
        GRANT SELECT (identity, file, commit, problem, at) ON reconcile.fleet_files
            TO reconcile_reader;
    END IF;
END
$$;

COMMIT;
