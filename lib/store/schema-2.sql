-- What schema 2 adds to a database of schema 1: see store.c. New columns have a default, for the rows
-- that are there.

CREATE TABLE capacity_reservation (
  id                  TEXT PRIMARY KEY,
  account_id          TEXT NOT NULL,
  region              TEXT NOT NULL,
  host_id             TEXT NOT NULL,
  state               TEXT NOT NULL,
  zone                TEXT NOT NULL,
  instance_type       TEXT NOT NULL,
  memory_mib          INTEGER NOT NULL,
  platform            TEXT NOT NULL,
  tenancy             TEXT NOT NULL,
  instance_count      INTEGER NOT NULL,
  is_targeted         INTEGER NOT NULL,
  ebs_optimized       INTEGER NOT NULL,
  ephemeral_storage   INTEGER NOT NULL,
  end_date            INTEGER NOT NULL,
  created_at          INTEGER NOT NULL,
  ended_at            INTEGER NOT NULL,
  placement_group_id  TEXT REFERENCES placement_group (id)
) STRICT;
CREATE INDEX capacity_reservation_state ON capacity_reservation (state);
ALTER TABLE instance ADD COLUMN capacity_preference TEXT NOT NULL DEFAULT 'open';
ALTER TABLE instance ADD COLUMN capacity_target TEXT;
ALTER TABLE instance ADD COLUMN capacity_reservation_id TEXT;
CREATE INDEX instance_capacity_reservation ON instance (capacity_reservation_id);

CREATE TABLE launch_template (
  id               TEXT PRIMARY KEY,
  account_id       TEXT NOT NULL,
  region           TEXT NOT NULL,
  name             TEXT NOT NULL,
  created_at       INTEGER NOT NULL,
  created_by       TEXT NOT NULL,
  default_version  INTEGER NOT NULL,
  latest_version   INTEGER NOT NULL,
  versions_made    INTEGER NOT NULL,
  UNIQUE (account_id, region, name)
) STRICT;

-- `data` is LaunchTemplateData as JSON, with AWS's names of members.
CREATE TABLE launch_template_version (
  template_id  TEXT NOT NULL REFERENCES launch_template (id) ON DELETE CASCADE,
  number       INTEGER NOT NULL,
  description  TEXT,
  created_at   INTEGER NOT NULL,
  created_by   TEXT NOT NULL,
  data         TEXT NOT NULL,
  PRIMARY KEY (template_id, number)
) STRICT;
ALTER TABLE image ADD COLUMN last_launched_at INTEGER NOT NULL DEFAULT 0;
-- Options of instances, and what an account has set for all of them in a region.
ALTER TABLE instance ADD COLUMN cores INTEGER NOT NULL DEFAULT 0;
ALTER TABLE instance ADD COLUMN cpu_credits TEXT;
ALTER TABLE instance ADD COLUMN auto_recovery TEXT NOT NULL DEFAULT 'default';
ALTER TABLE instance ADD COLUMN reboot_migration TEXT NOT NULL DEFAULT 'default';
CREATE TABLE account_setting (
  account_id  TEXT NOT NULL,
  region      TEXT NOT NULL,
  name        TEXT NOT NULL,
  value       TEXT NOT NULL,
  PRIMARY KEY (account_id, region, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE placement_group (
  id               TEXT PRIMARY KEY,
  account_id       TEXT NOT NULL,
  region           TEXT NOT NULL,
  name             TEXT NOT NULL,
  strategy         TEXT NOT NULL,
  partition_count  INTEGER NOT NULL,
  created_at       INTEGER NOT NULL,
  UNIQUE (account_id, region, name)
) STRICT;
ALTER TABLE instance ADD COLUMN placement_group_id TEXT;
ALTER TABLE instance ADD COLUMN placement_group_name TEXT;
ALTER TABLE instance ADD COLUMN partition_number INTEGER NOT NULL DEFAULT 0;
CREATE INDEX instance_placement_group ON instance (placement_group_id);
ALTER TABLE instance ADD COLUMN spot_request_id TEXT;
ALTER TABLE instance ADD COLUMN spot_persistent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE instance ADD COLUMN interruption_action TEXT;
ALTER TABLE instance ADD COLUMN interruption_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE instance ADD COLUMN interruption_cause TEXT;
ALTER TABLE instance ADD COLUMN waits_for_room INTEGER NOT NULL DEFAULT 0;
CREATE TABLE spot_request (
  id              TEXT PRIMARY KEY,
  account_id      TEXT NOT NULL,
  region          TEXT NOT NULL,
  state           TEXT NOT NULL,
  status          TEXT NOT NULL,
  status_message  TEXT NOT NULL,
  status_at       INTEGER NOT NULL,
  fault_code      TEXT,
  persistent      INTEGER NOT NULL,
  max_price       INTEGER NOT NULL,
  interruption    TEXT NOT NULL,
  valid_from      INTEGER NOT NULL,
  valid_until     INTEGER NOT NULL,
  created_at      INTEGER NOT NULL,
  ended_at        INTEGER NOT NULL,
  client_token    TEXT,
  instance_id     TEXT,
  zone            TEXT,
  instance_type   TEXT NOT NULL,
  launch          TEXT NOT NULL
) STRICT;
CREATE INDEX spot_request_state ON spot_request (state);
-- How full the server was, from each of these times on: prices follow from it.
CREATE TABLE spot_load (
  recorded_at   INTEGER PRIMARY KEY,
  used_percent  INTEGER NOT NULL
) STRICT;
