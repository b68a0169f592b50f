-- The state of a Croft server. One row of a table is one struct of lib/core (a unit test compares
-- them column by column). Times are milliseconds since 1970; flags are 0 or 1; states are AWS's words.
-- Whatever belongs to an account and a region says so.

CREATE TABLE setting (
  name   TEXT PRIMARY KEY,
  value  TEXT NOT NULL
) STRICT;

-- Servers that run guests: one row today.
CREATE TABLE host (
  id          TEXT PRIMARY KEY,
  uri         TEXT NOT NULL,
  created_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE access_key (
  id          TEXT PRIMARY KEY,
  account_id  TEXT NOT NULL,
  user_arn    TEXT NOT NULL,
  user_id     TEXT NOT NULL,
  secret      TEXT NOT NULL,
  active      INTEGER NOT NULL,
  created_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE vpc (
  id                   TEXT PRIMARY KEY,
  account_id           TEXT NOT NULL,
  region               TEXT NOT NULL,
  cidr_block           TEXT NOT NULL,
  cidr_association_id  TEXT NOT NULL,
  is_default           INTEGER NOT NULL,
  dhcp_options_id      TEXT NOT NULL,
  created_at           INTEGER NOT NULL,
  number               INTEGER NOT NULL UNIQUE
) STRICT;

CREATE TABLE subnet (
  id                       TEXT PRIMARY KEY,
  account_id               TEXT NOT NULL,
  region                   TEXT NOT NULL,
  vpc_id                   TEXT NOT NULL REFERENCES vpc (id),
  zone                     TEXT NOT NULL,
  cidr_block               TEXT NOT NULL,
  default_for_az           INTEGER NOT NULL,
  map_public_ip_on_launch  INTEGER NOT NULL,
  number                   INTEGER NOT NULL,
  UNIQUE (vpc_id, number)
) STRICT;

CREATE TABLE security_group (
  id           TEXT PRIMARY KEY,
  account_id   TEXT NOT NULL,
  region       TEXT NOT NULL,
  vpc_id       TEXT NOT NULL REFERENCES vpc (id),
  name         TEXT NOT NULL,
  description  TEXT NOT NULL,
  created_at   INTEGER NOT NULL,
  UNIQUE (vpc_id, name)
) STRICT;

CREATE TABLE security_group_rule (
  id                   TEXT PRIMARY KEY,
  account_id           TEXT NOT NULL,
  region               TEXT NOT NULL,
  group_id             TEXT NOT NULL REFERENCES security_group (id),
  is_egress            INTEGER NOT NULL,
  protocol             TEXT NOT NULL,
  from_port            INTEGER NOT NULL,
  to_port              INTEGER NOT NULL,
  cidr_ipv4            TEXT,
  cidr_ipv6            TEXT,
  prefix_list_id       TEXT,
  referenced_group_id  TEXT REFERENCES security_group (id),
  description          TEXT
) STRICT;
CREATE INDEX security_group_rule_group ON security_group_rule (group_id);
CREATE INDEX security_group_rule_reference ON security_group_rule (referenced_group_id);

CREATE TABLE key_pair (
  id           TEXT PRIMARY KEY,
  account_id   TEXT NOT NULL,
  region       TEXT NOT NULL,
  name         TEXT NOT NULL,
  key_type     TEXT NOT NULL,
  fingerprint  TEXT NOT NULL,
  public_key   TEXT NOT NULL,
  created_at   INTEGER NOT NULL,
  UNIQUE (account_id, region, name)
) STRICT;

CREATE TABLE image (
  id                TEXT PRIMARY KEY,
  account_id        TEXT NOT NULL,
  region            TEXT NOT NULL,
  state             TEXT NOT NULL,
  state_reason      TEXT,
  name              TEXT NOT NULL,
  description       TEXT,
  owner_alias       TEXT,
  architecture      TEXT NOT NULL,
  root_device_name  TEXT NOT NULL,
  location          TEXT NOT NULL,
  upload_id         TEXT,
  snapshot_id       TEXT NOT NULL,
  size_gib          INTEGER NOT NULL,
  created_at        INTEGER NOT NULL,
  is_public         INTEGER NOT NULL,
  ena_support       INTEGER NOT NULL,
  boot_mode         TEXT
) STRICT;

CREATE TABLE instance (
  id                           TEXT PRIMARY KEY,
  account_id                   TEXT NOT NULL,
  region                       TEXT NOT NULL,
  host_id                      TEXT NOT NULL REFERENCES host (id),
  state                        TEXT NOT NULL,
  state_reason_code            TEXT,
  state_reason_message         TEXT,
  transition_reason            TEXT,
  reservation_id               TEXT NOT NULL,
  launch_index                 INTEGER NOT NULL,
  client_token                 TEXT,
  launch_time                  INTEGER NOT NULL,
  created_at                   INTEGER NOT NULL,
  terminated_at                INTEGER NOT NULL,
  image_id                     TEXT NOT NULL,
  instance_type                TEXT NOT NULL,
  architecture                 TEXT NOT NULL,
  vcpus                        INTEGER NOT NULL,
  memory_mib                   INTEGER NOT NULL,
  key_name                     TEXT,
  public_key                   TEXT,
  user_data                    TEXT,
  root_device_name             TEXT NOT NULL,
  vpc_id                       TEXT NOT NULL,
  subnet_id                    TEXT NOT NULL,
  zone                         TEXT NOT NULL,
  tenancy                      TEXT NOT NULL,
  disable_api_termination      INTEGER NOT NULL,
  disable_api_stop             INTEGER NOT NULL,
  terminate_on_shutdown        INTEGER NOT NULL,
  monitoring                   INTEGER NOT NULL,
  ebs_optimized                INTEGER NOT NULL,
  http_tokens                  TEXT NOT NULL,
  http_endpoint                TEXT NOT NULL,
  http_put_response_hop_limit  INTEGER NOT NULL,
  instance_metadata_tags       TEXT NOT NULL,
  uuid                         TEXT NOT NULL UNIQUE,
  ever_ran                     INTEGER NOT NULL,
  reboot_requested             INTEGER NOT NULL,
  force_stop                   INTEGER NOT NULL,
  reachable_at                 INTEGER NOT NULL,
  impaired_since               INTEGER NOT NULL,
  stop_deadline                INTEGER NOT NULL,
  hypervisor                   TEXT
) STRICT;
CREATE INDEX instance_state ON instance (state);
CREATE INDEX instance_image ON instance (image_id);
CREATE INDEX instance_reservation ON instance (reservation_id);

CREATE TABLE volume (
  id                     TEXT PRIMARY KEY,
  account_id             TEXT NOT NULL,
  region                 TEXT NOT NULL,
  zone                   TEXT NOT NULL,
  state                  TEXT NOT NULL,
  attachment_state       TEXT NOT NULL,
  volume_type            TEXT NOT NULL,
  size_gib               INTEGER NOT NULL,
  created_at             INTEGER NOT NULL,
  image_id               TEXT,
  snapshot_id            TEXT,
  instance_id            TEXT,
  device_name            TEXT,
  attached_at            INTEGER NOT NULL,
  delete_on_termination  INTEGER NOT NULL
) STRICT;
CREATE INDEX volume_instance ON volume (instance_id);
CREATE INDEX volume_image ON volume (image_id);

CREATE TABLE network_interface (
  id                     TEXT PRIMARY KEY,
  account_id             TEXT NOT NULL,
  region                 TEXT NOT NULL,
  vpc_id                 TEXT NOT NULL REFERENCES vpc (id),
  subnet_id              TEXT NOT NULL REFERENCES subnet (id),
  zone                   TEXT NOT NULL,
  private_ip             TEXT NOT NULL,
  public_ip              TEXT UNIQUE,
  mac                    TEXT NOT NULL,
  description            TEXT NOT NULL,
  source_dest_check      INTEGER NOT NULL,
  wants_public_ip        INTEGER NOT NULL,
  instance_id            TEXT,
  attachment_id          TEXT,
  device_index           INTEGER NOT NULL,
  delete_on_termination  INTEGER NOT NULL,
  attached_at            INTEGER NOT NULL,
  tap                    TEXT NOT NULL UNIQUE,
  UNIQUE (subnet_id, private_ip)
) STRICT;
CREATE INDEX network_interface_instance ON network_interface (instance_id);
CREATE INDEX network_interface_vpc ON network_interface (vpc_id);

CREATE TABLE interface_group (
  interface_id  TEXT NOT NULL REFERENCES network_interface (id) ON DELETE CASCADE,
  group_id      TEXT NOT NULL REFERENCES security_group (id),
  position      INTEGER NOT NULL,
  PRIMARY KEY (interface_id, group_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX interface_group_group ON interface_group (group_id);

CREATE TABLE tag (
  resource_id    TEXT NOT NULL,
  key            TEXT NOT NULL,
  resource_type  TEXT NOT NULL,
  region         TEXT NOT NULL,
  value          TEXT NOT NULL,
  PRIMARY KEY (resource_id, key)
) STRICT, WITHOUT ROWID;

-- What a client token has brought about: the same token, the same answer.
CREATE TABLE client_token (
  account_id  TEXT NOT NULL,
  region      TEXT NOT NULL,
  action      TEXT NOT NULL,
  token       TEXT NOT NULL,
  digest      TEXT NOT NULL,
  result      TEXT NOT NULL,
  created_at  INTEGER NOT NULL,
  PRIMARY KEY (account_id, region, action, token)
) STRICT, WITHOUT ROWID;

-- Objects that the machine has yet to catch up with. A job says only which: what to do follows
-- from the object's own row, so running one again, or after a crash, is always right.
CREATE TABLE job (
  object_id   TEXT PRIMARY KEY,
  kind        TEXT NOT NULL,
  generation  INTEGER NOT NULL,
  not_before  INTEGER NOT NULL,
  attempts    INTEGER NOT NULL,
  last_error  TEXT
) STRICT;
