-- What schema 3 adds: the network of VPCs in full. Every VPC has a main route table, a default
-- network ACL and DHCP options; the VPCs that are there get theirs at the end.

ALTER TABLE vpc ADD COLUMN instance_tenancy TEXT NOT NULL DEFAULT 'default';
ALTER TABLE vpc ADD COLUMN enable_dns_support INTEGER NOT NULL DEFAULT 1;
ALTER TABLE vpc ADD COLUMN enable_dns_hostnames INTEGER NOT NULL DEFAULT 1;
ALTER TABLE vpc ADD COLUMN enable_usage_metrics INTEGER NOT NULL DEFAULT 0;
-- Why the machine does not have what these rows say; NULL: it has.
ALTER TABLE vpc ADD COLUMN network_error TEXT;

ALTER TABLE instance ADD COLUMN store_disks INTEGER NOT NULL DEFAULT 0;
ALTER TABLE instance ADD COLUMN store_disk_gb INTEGER NOT NULL DEFAULT 0;
ALTER TABLE instance ADD COLUMN no_seed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE instance ADD COLUMN http_protocol_ipv6 TEXT NOT NULL DEFAULT 'disabled';
ALTER TABLE instance ADD COLUMN hostname_type TEXT NOT NULL DEFAULT 'ip-name';
ALTER TABLE instance ADD COLUMN resource_name_a INTEGER NOT NULL DEFAULT 0;
ALTER TABLE instance ADD COLUMN resource_name_aaaa INTEGER NOT NULL DEFAULT 0;
-- All that a plan of the VPC asks of its instances, without their long rows.
CREATE INDEX instance_name
  ON instance (vpc_id, id, hostname_type, resource_name_a, resource_name_aaaa);

-- Blocks beside the first: IPv4 and IPv6.
CREATE TABLE vpc_cidr_block (
  id          TEXT PRIMARY KEY,
  account_id  TEXT NOT NULL,
  region      TEXT NOT NULL,
  vpc_id      TEXT NOT NULL REFERENCES vpc (id),
  cidr_block  TEXT NOT NULL,
  is_ipv6     INTEGER NOT NULL,
  UNIQUE (vpc_id, cidr_block)
) STRICT;

ALTER TABLE subnet ADD COLUMN ipv6_cidr_block TEXT;
ALTER TABLE subnet ADD COLUMN ipv6_association_id TEXT;
ALTER TABLE subnet ADD COLUMN ipv6_native INTEGER NOT NULL DEFAULT 0;
ALTER TABLE subnet ADD COLUMN assign_ipv6_on_creation INTEGER NOT NULL DEFAULT 0;
ALTER TABLE subnet ADD COLUMN enable_dns64 INTEGER NOT NULL DEFAULT 0;
ALTER TABLE subnet ADD COLUMN hostname_type TEXT NOT NULL DEFAULT 'ip-name';
ALTER TABLE subnet ADD COLUMN resource_name_a INTEGER NOT NULL DEFAULT 0;
ALTER TABLE subnet ADD COLUMN resource_name_aaaa INTEGER NOT NULL DEFAULT 0;

-- Parts of a subnet's block from which nothing is given out unasked.
CREATE TABLE subnet_cidr_reservation (
  id                TEXT PRIMARY KEY,
  account_id        TEXT NOT NULL,
  region            TEXT NOT NULL,
  subnet_id         TEXT NOT NULL REFERENCES subnet (id),
  cidr_block        TEXT NOT NULL,
  is_ipv6           INTEGER NOT NULL,
  reservation_type  TEXT NOT NULL,
  description       TEXT
) STRICT;
CREATE INDEX subnet_cidr_reservation_subnet ON subnet_cidr_reservation (subnet_id);

CREATE TABLE dhcp_options (
  id          TEXT PRIMARY KEY,
  account_id  TEXT NOT NULL,
  region      TEXT NOT NULL
) STRICT;

-- One option; several values stand with commas between.
CREATE TABLE dhcp_option (
  dhcp_options_id  TEXT NOT NULL REFERENCES dhcp_options (id) ON DELETE CASCADE,
  name             TEXT NOT NULL,
  value            TEXT NOT NULL,
  PRIMARY KEY (dhcp_options_id, name)
) STRICT;

CREATE TABLE internet_gateway (
  id          TEXT PRIMARY KEY,
  account_id  TEXT NOT NULL,
  region      TEXT NOT NULL,
  vpc_id      TEXT UNIQUE REFERENCES vpc (id)
) STRICT;

CREATE TABLE egress_only_gateway (
  id          TEXT PRIMARY KEY,
  account_id  TEXT NOT NULL,
  region      TEXT NOT NULL,
  vpc_id      TEXT NOT NULL REFERENCES vpc (id)
) STRICT;

CREATE TABLE route_table (
  id          TEXT PRIMARY KEY,
  account_id  TEXT NOT NULL,
  region      TEXT NOT NULL,
  vpc_id      TEXT NOT NULL REFERENCES vpc (id),
  number      INTEGER NOT NULL,
  UNIQUE (vpc_id, number)
) STRICT;

-- Of a subnet, of a gateway, or (is_main) of all subnets that have no other.
CREATE TABLE route_table_association (
  id              TEXT PRIMARY KEY,
  account_id      TEXT NOT NULL,
  region          TEXT NOT NULL,
  route_table_id  TEXT NOT NULL REFERENCES route_table (id),
  vpc_id          TEXT NOT NULL REFERENCES vpc (id),
  subnet_id       TEXT UNIQUE REFERENCES subnet (id),
  gateway_id      TEXT UNIQUE,
  is_main         INTEGER NOT NULL
) STRICT;
CREATE INDEX route_table_association_table ON route_table_association (route_table_id);
CREATE INDEX route_table_association_vpc ON route_table_association (vpc_id);

-- The routes that somebody made; those to the VPC's own blocks follow from the blocks. The target is an
-- igw-, eigw-, nat-, eni-, pcx- or vpce-, and stays when that has gone: then it is a black hole.
CREATE TABLE route (
  route_table_id  TEXT NOT NULL REFERENCES route_table (id),
  destination     TEXT NOT NULL,
  target_id       TEXT NOT NULL,
  PRIMARY KEY (route_table_id, destination)
) STRICT;
CREATE INDEX route_target ON route (target_id);

ALTER TABLE network_interface ADD COLUMN interface_type TEXT NOT NULL DEFAULT 'interface';
-- The service that has it; NULL: it is the account's own.
ALTER TABLE network_interface ADD COLUMN requester_id TEXT;
ALTER TABLE network_interface ADD COLUMN attachment_state TEXT NOT NULL DEFAULT 'attached';
ALTER TABLE network_interface ADD COLUMN detach_forced INTEGER NOT NULL DEFAULT 0;

CREATE TABLE nat_gateway (
  id               TEXT PRIMARY KEY,
  account_id       TEXT NOT NULL,
  region           TEXT NOT NULL,
  vpc_id           TEXT NOT NULL,
  subnet_id        TEXT NOT NULL,
  interface_id     TEXT,
  is_public        INTEGER NOT NULL,
  state            TEXT NOT NULL,
  failure_code     TEXT,
  failure_message  TEXT,
  created_at       INTEGER NOT NULL,
  deleted_at       INTEGER NOT NULL
) STRICT;
CREATE INDEX nat_gateway_vpc ON nat_gateway (vpc_id);

-- The addresses of an interface beside its first: secondary IPv4, and all IPv6.
CREATE TABLE interface_address (
  interface_id  TEXT NOT NULL REFERENCES network_interface (id),
  address       TEXT NOT NULL,
  vpc_id        TEXT NOT NULL,
  subnet_id     TEXT NOT NULL,
  is_ipv6       INTEGER NOT NULL,
  position      INTEGER NOT NULL,
  drain_until   INTEGER NOT NULL,
  PRIMARY KEY (interface_id, address)
) STRICT;
CREATE INDEX interface_address_vpc ON interface_address (vpc_id, address);
CREATE INDEX network_interface_address ON network_interface (vpc_id, private_ip);
CREATE INDEX interface_address_subnet ON interface_address (subnet_id);

-- Elastic IP addresses.
CREATE TABLE address (
  id              TEXT PRIMARY KEY,
  account_id      TEXT NOT NULL,
  region          TEXT NOT NULL,
  public_ip       TEXT NOT NULL UNIQUE,
  association_id  TEXT UNIQUE,
  interface_id    TEXT REFERENCES network_interface (id),
  private_ip      TEXT,
  domain_name     TEXT
) STRICT;
CREATE INDEX address_interface ON address (interface_id);
-- Few have a name, and every VPC's resolver is told of them.
CREATE INDEX address_domain_name ON address (id, public_ip, domain_name) WHERE domain_name IS NOT NULL;

CREATE TABLE network_acl (
  id          TEXT PRIMARY KEY,
  account_id  TEXT NOT NULL,
  region      TEXT NOT NULL,
  vpc_id      TEXT NOT NULL REFERENCES vpc (id),
  is_default  INTEGER NOT NULL
) STRICT;
CREATE INDEX network_acl_vpc ON network_acl (vpc_id);

-- Ports are -1 where the entry names none; so are ICMP's type and code for "any". Rule 32767, which
-- denies the rest, has no row.
CREATE TABLE network_acl_entry (
  network_acl_id  TEXT NOT NULL REFERENCES network_acl (id),
  is_egress       INTEGER NOT NULL,
  rule_number     INTEGER NOT NULL,
  protocol        INTEGER NOT NULL,
  is_allow        INTEGER NOT NULL,
  cidr_ipv4       TEXT,
  cidr_ipv6       TEXT,
  from_port       INTEGER NOT NULL,
  to_port         INTEGER NOT NULL,
  icmp_type       INTEGER NOT NULL,
  icmp_code       INTEGER NOT NULL,
  PRIMARY KEY (network_acl_id, is_egress, rule_number)
) STRICT;

CREATE TABLE network_acl_association (
  id              TEXT PRIMARY KEY,
  network_acl_id  TEXT NOT NULL REFERENCES network_acl (id),
  vpc_id          TEXT NOT NULL,
  subnet_id       TEXT NOT NULL UNIQUE REFERENCES subnet (id)
) STRICT;
CREATE INDEX network_acl_association_acl ON network_acl_association (network_acl_id);

-- Rows of ended ones stay a while, when the VPCs may be gone.
CREATE TABLE vpc_peering_connection (
  id                     TEXT PRIMARY KEY,
  account_id             TEXT NOT NULL,
  region                 TEXT NOT NULL,
  requester_vpc_id       TEXT NOT NULL,
  requester_cidr_blocks  TEXT NOT NULL,
  requester_dns          INTEGER NOT NULL,
  accepter_account_id    TEXT NOT NULL,
  accepter_region        TEXT NOT NULL,
  accepter_vpc_id        TEXT NOT NULL,
  accepter_cidr_blocks   TEXT NOT NULL,
  accepter_dns           INTEGER NOT NULL,
  state                  TEXT NOT NULL,
  state_message          TEXT NOT NULL,
  created_at             INTEGER NOT NULL,
  ended_at               INTEGER NOT NULL,
  number                 INTEGER NOT NULL UNIQUE
) STRICT;
CREATE INDEX vpc_peering_connection_requester ON vpc_peering_connection (requester_vpc_id);
CREATE INDEX vpc_peering_connection_accepter ON vpc_peering_connection (accepter_vpc_id);

-- A rule may outlive the group of a peer VPC that it names: then it is stale. So the group is no
-- foreign key any more, and the rule keeps in which VPC it was, and behind which peering.
CREATE TABLE security_group_rule_3 (
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
  referenced_group_id  TEXT,
  description          TEXT,
  peer_vpc_id          TEXT,
  peering_id           TEXT
) STRICT;
INSERT INTO security_group_rule_3 SELECT *, NULL, NULL FROM security_group_rule;
DROP TABLE security_group_rule;
ALTER TABLE security_group_rule_3 RENAME TO security_group_rule;
CREATE INDEX security_group_rule_group ON security_group_rule (group_id);
CREATE INDEX security_group_rule_reference ON security_group_rule (referenced_group_id);
CREATE INDEX security_group_rule_prefix_list ON security_group_rule (prefix_list_id);

-- VPCs beside its own in which a group may be used.
CREATE TABLE security_group_vpc (
  group_id      TEXT NOT NULL REFERENCES security_group (id),
  vpc_id        TEXT NOT NULL REFERENCES vpc (id),
  account_id    TEXT NOT NULL,
  region        TEXT NOT NULL,
  state         TEXT NOT NULL,
  state_reason  TEXT,
  PRIMARY KEY (group_id, vpc_id)
) STRICT;
CREATE INDEX security_group_vpc_vpc ON security_group_vpc (vpc_id);

CREATE TABLE flow_log (
  id                        TEXT PRIMARY KEY,
  account_id                TEXT NOT NULL,
  region                    TEXT NOT NULL,
  resource_id               TEXT NOT NULL,
  traffic_type              TEXT NOT NULL,
  destination_type          TEXT NOT NULL,
  log_group_name            TEXT,
  log_destination           TEXT,
  log_format                TEXT NOT NULL,
  max_aggregation_interval  INTEGER NOT NULL,
  permission_arn            TEXT,
  cross_account_role        TEXT,
  created_at                INTEGER NOT NULL
) STRICT;
CREATE INDEX flow_log_resource ON flow_log (resource_id);

CREATE TABLE prefix_list (
  id             TEXT PRIMARY KEY,
  account_id     TEXT NOT NULL,
  region         TEXT NOT NULL,
  name           TEXT NOT NULL,
  is_ipv6        INTEGER NOT NULL,
  max_entries    INTEGER NOT NULL,
  version        INTEGER NOT NULL,
  state          TEXT NOT NULL,
  state_message  TEXT
) STRICT;

-- An entry is in the versions from from_version on, up to and without to_version (0: still).
CREATE TABLE prefix_list_entry (
  prefix_list_id  TEXT NOT NULL REFERENCES prefix_list (id) ON DELETE CASCADE,
  cidr_block      TEXT NOT NULL,
  from_version    INTEGER NOT NULL,
  to_version      INTEGER NOT NULL,
  description     TEXT,
  PRIMARY KEY (prefix_list_id, cidr_block, from_version)
) STRICT;

CREATE TABLE vpc_endpoint (
  id            TEXT PRIMARY KEY,
  account_id    TEXT NOT NULL,
  region        TEXT NOT NULL,
  vpc_id        TEXT NOT NULL REFERENCES vpc (id),
  service_name  TEXT NOT NULL,
  policy        TEXT NOT NULL,
  created_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX vpc_endpoint_vpc ON vpc_endpoint (vpc_id);

CREATE TABLE vpc_endpoint_route_table (
  vpc_endpoint_id  TEXT NOT NULL REFERENCES vpc_endpoint (id) ON DELETE CASCADE,
  route_table_id   TEXT NOT NULL REFERENCES route_table (id),
  PRIMARY KEY (vpc_endpoint_id, route_table_id)
) STRICT;
CREATE INDEX vpc_endpoint_route_table_table ON vpc_endpoint_route_table (route_table_id);

-- When it was paused for want of room on the disk; 0: it is not.
ALTER TABLE instance ADD COLUMN stalled_at INTEGER NOT NULL DEFAULT 0;

ALTER TABLE volume ADD COLUMN iops INTEGER NOT NULL DEFAULT 0;
ALTER TABLE volume ADD COLUMN throughput INTEGER NOT NULL DEFAULT 0;
ALTER TABLE volume ADD COLUMN auto_enable_io INTEGER NOT NULL DEFAULT 0;
ALTER TABLE volume ADD COLUMN force_detach INTEGER NOT NULL DEFAULT 0;
ALTER TABLE volume ADD COLUMN state_reason TEXT;
UPDATE volume SET iops = 3000, throughput = 125 WHERE volume_type = 'gp3';
UPDATE volume SET iops = min(16000, max(100, 3 * size_gib)) WHERE volume_type = 'gp2';

-- The last change of each volume.
CREATE TABLE volume_modification (
  volume_id            TEXT PRIMARY KEY REFERENCES volume (id) ON DELETE CASCADE,
  account_id           TEXT NOT NULL,
  region               TEXT NOT NULL,
  state                TEXT NOT NULL,
  status_message       TEXT,
  original_type        TEXT NOT NULL,
  original_size_gib    INTEGER NOT NULL,
  original_iops        INTEGER NOT NULL,
  original_throughput  INTEGER NOT NULL,
  target_type          TEXT NOT NULL,
  target_size_gib      INTEGER NOT NULL,
  target_iops          INTEGER NOT NULL,
  target_throughput    INTEGER NOT NULL,
  started_at           INTEGER NOT NULL,
  ended_at             INTEGER NOT NULL
) STRICT;

CREATE TABLE network_insights_path (
  id                TEXT PRIMARY KEY,
  account_id        TEXT NOT NULL,
  region            TEXT NOT NULL,
  source_id         TEXT NOT NULL,
  source_ip         TEXT,
  destination_id    TEXT,
  destination_ip    TEXT,
  protocol          TEXT NOT NULL,
  destination_port  INTEGER NOT NULL,
  created_at        INTEGER NOT NULL
) STRICT;

CREATE TABLE network_insights_analysis (
  id              TEXT PRIMARY KEY,
  account_id      TEXT NOT NULL,
  region          TEXT NOT NULL,
  path_id         TEXT NOT NULL REFERENCES network_insights_path (id),
  state           TEXT NOT NULL,
  status_message  TEXT,
  path_found      INTEGER NOT NULL,
  findings        TEXT,
  started_at      INTEGER NOT NULL
) STRICT;
CREATE INDEX network_insights_analysis_path ON network_insights_analysis (path_id);

-- Disks are layers: see docs/storage.md. A layer's id is the name of its file.
CREATE TABLE layer (
  id         TEXT PRIMARY KEY,
  root_id    TEXT NOT NULL,
  parent_id  TEXT REFERENCES layer (id),
  image_id   TEXT,
  key_id     TEXT,
  work       TEXT NOT NULL
) STRICT;
CREATE INDEX layer_root ON layer (root_id);
CREATE INDEX layer_parent ON layer (parent_id);
CREATE INDEX layer_image ON layer (image_id);
CREATE INDEX layer_key ON layer (key_id);
INSERT INTO layer SELECT id, id, NULL, image_id, NULL, 'rest' FROM volume;
-- Keys of encrypted layers, wrapped by the server's: see docs/decisions on it.
CREATE TABLE disk_key (
  id       TEXT PRIMARY KEY,
  wrapped  TEXT NOT NULL
) STRICT;
DROP INDEX volume_image;
ALTER TABLE volume DROP COLUMN image_id;
ALTER TABLE volume ADD COLUMN layer_id TEXT;
ALTER TABLE volume ADD COLUMN next_layer_id TEXT;
ALTER TABLE volume ADD COLUMN freeze_id TEXT;
ALTER TABLE volume ADD COLUMN layers_made INTEGER NOT NULL DEFAULT 1;
ALTER TABLE volume ADD COLUMN encrypted INTEGER NOT NULL DEFAULT 0;
UPDATE volume SET layer_id = id;
CREATE INDEX volume_layer ON volume (layer_id);
CREATE INDEX volume_next_layer ON volume (next_layer_id);
CREATE INDEX volume_freeze ON volume (freeze_id);

CREATE TABLE snapshot (
  id            TEXT PRIMARY KEY,
  account_id    TEXT NOT NULL,
  region        TEXT NOT NULL,
  state         TEXT NOT NULL,
  state_reason  TEXT,
  volume_id     TEXT NOT NULL,
  description   TEXT NOT NULL,
  owner_alias   TEXT,
  size_gib      INTEGER NOT NULL,
  started_at    INTEGER NOT NULL,
  completed_at  INTEGER NOT NULL,
  is_public     INTEGER NOT NULL,
  freeze_id     TEXT,
  layer_id      TEXT REFERENCES layer (id),
  image_id      TEXT,
  encrypted     INTEGER NOT NULL
) STRICT;
CREATE INDEX snapshot_volume ON snapshot (volume_id);
CREATE INDEX snapshot_freeze ON snapshot (freeze_id);
CREATE INDEX snapshot_layer ON snapshot (layer_id);
CREATE INDEX snapshot_image ON snapshot (image_id);
INSERT INTO snapshot
  SELECT snapshot_id, account_id, region,
         CASE state WHEN 'available' THEN 'completed' WHEN 'failed' THEN 'error' ELSE 'pending' END,
         state_reason, 'vol-ffffffff', 'Root device of ' || id, owner_alias, size_gib, created_at,
         CASE state WHEN 'available' THEN created_at ELSE 0 END, is_public, NULL, NULL, id, 0
    FROM image WHERE state <> 'deregistered';

-- An image is a list of disks, most of them from snapshots.
CREATE TABLE image_device (
  image_id               TEXT NOT NULL REFERENCES image (id) ON DELETE CASCADE,
  device_name            TEXT NOT NULL,
  snapshot_id            TEXT,
  size_gib               INTEGER NOT NULL,
  volume_type            TEXT NOT NULL,
  iops                   INTEGER NOT NULL,
  throughput             INTEGER NOT NULL,
  delete_on_termination  INTEGER NOT NULL,
  encrypted              INTEGER NOT NULL,
  PRIMARY KEY (image_id, device_name)
) STRICT, WITHOUT ROWID;
CREATE INDEX image_device_snapshot ON image_device (snapshot_id);
INSERT INTO image_device SELECT id, root_device_name, snapshot_id, size_gib, 'gp3', 0, 0, 1, 0
  FROM image WHERE state <> 'deregistered';
ALTER TABLE image DROP COLUMN snapshot_id;
ALTER TABLE image DROP COLUMN size_gib;
ALTER TABLE image ADD COLUMN state_reason_code TEXT;
UPDATE image SET state_reason_code = 'Client.ImportFailed' WHERE state_reason IS NOT NULL;
ALTER TABLE image ADD COLUMN source_instance_id TEXT;
ALTER TABLE image ADD COLUMN source_image_id TEXT;
ALTER TABLE image ADD COLUMN source_image_region TEXT;

-- The replacement of a root volume; it is kept as long as its instance.
CREATE TABLE root_volume_task (
  id               TEXT PRIMARY KEY,
  account_id       TEXT NOT NULL,
  region           TEXT NOT NULL,
  state            TEXT NOT NULL,
  instance_id      TEXT NOT NULL,
  image_id         TEXT,
  snapshot_id      TEXT NOT NULL,
  volume_id        TEXT NOT NULL,
  replaced_id      TEXT NOT NULL,
  delete_replaced  INTEGER NOT NULL,
  started_at       INTEGER NOT NULL,
  completed_at     INTEGER NOT NULL
) STRICT;
CREATE INDEX root_volume_task_instance ON root_volume_task (instance_id);

-- Images and snapshots that are made from files of buckets. Of file_id there is a row, of an image or a layer,
-- when all files are whole; an image that is none but the owner of a snapshot's file is seen by nobody.
CREATE TABLE import_task (
  id               TEXT PRIMARY KEY,
  account_id       TEXT NOT NULL,
  region           TEXT NOT NULL,
  state            TEXT NOT NULL,
  percent          INTEGER NOT NULL,
  message          TEXT,
  image_id         TEXT,
  description      TEXT,
  architecture     TEXT,
  license_type     TEXT,
  encrypted        INTEGER NOT NULL,
  created_at       INTEGER NOT NULL
) STRICT;
CREATE TABLE import_disk (
  task_id     TEXT NOT NULL,
  number      INTEGER NOT NULL,
  file_id     TEXT NOT NULL,
  snapshot_id TEXT,
  bucket      TEXT NOT NULL,
  object      TEXT NOT NULL,
  by_url      INTEGER NOT NULL,
  format      TEXT,
  description TEXT,
  device_name TEXT NOT NULL,
  size_bytes  INTEGER NOT NULL,
  PRIMARY KEY (task_id, number)
) STRICT;
CREATE INDEX import_disk_file ON import_disk (file_id);
CREATE TABLE export_task (
  id               TEXT PRIMARY KEY,
  account_id       TEXT NOT NULL,
  region           TEXT NOT NULL,
  state            TEXT NOT NULL,
  percent          INTEGER NOT NULL,
  message          TEXT,
  image_id         TEXT NOT NULL,
  description      TEXT,
  format           TEXT NOT NULL,
  bucket           TEXT NOT NULL,
  prefix           TEXT,
  role_name        TEXT,
  created_at       INTEGER NOT NULL
) STRICT;

-- Of EC2 Instance Connect; each is good for a minute.
CREATE TABLE managed_ssh_key (
  id          TEXT PRIMARY KEY,
  instance_id TEXT NOT NULL,
  os_user     TEXT NOT NULL,
  public_key  TEXT NOT NULL,
  caller      TEXT NOT NULL,
  expires_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX managed_ssh_key_instance ON managed_ssh_key (instance_id);

-- While its disks are frozen or replaced an instance may be shut down, and runs on to everybody.
ALTER TABLE instance ADD COLUMN rest_for TEXT;
ALTER TABLE instance ADD COLUMN rests INTEGER NOT NULL DEFAULT 0;

-- Identity. A key belongs to a user or, with the account as its user, to the account itself; its ARN follows
-- from that.
ALTER TABLE access_key DROP COLUMN user_arn;
ALTER TABLE access_key ADD COLUMN last_used_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE access_key ADD COLUMN last_used_service TEXT;
ALTER TABLE access_key ADD COLUMN last_used_region TEXT;
CREATE INDEX access_key_user ON access_key (user_id);

-- Names are compared without regard to case.
CREATE TABLE iam_user (
  id                    TEXT PRIMARY KEY,
  account_id            TEXT NOT NULL,
  path                  TEXT NOT NULL,
  name                  TEXT NOT NULL COLLATE NOCASE,
  permissions_boundary  TEXT,
  created_at            INTEGER NOT NULL,
  UNIQUE (account_id, name)
) STRICT;
CREATE INDEX iam_user_boundary ON iam_user (permissions_boundary);

CREATE TABLE iam_group (
  id          TEXT PRIMARY KEY,
  account_id  TEXT NOT NULL,
  path        TEXT NOT NULL,
  name        TEXT NOT NULL COLLATE NOCASE,
  created_at  INTEGER NOT NULL,
  UNIQUE (account_id, name)
) STRICT;

CREATE TABLE iam_group_member (
  group_id  TEXT NOT NULL REFERENCES iam_group (id),
  user_id   TEXT NOT NULL REFERENCES iam_user (id),
  PRIMARY KEY (group_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX iam_group_member_user ON iam_group_member (user_id);

CREATE TABLE iam_role (
  id                    TEXT PRIMARY KEY,
  account_id            TEXT NOT NULL,
  path                  TEXT NOT NULL,
  name                  TEXT NOT NULL COLLATE NOCASE,
  description           TEXT,
  assume_role_policy    TEXT NOT NULL,
  max_session_duration  INTEGER NOT NULL,
  permissions_boundary  TEXT,
  created_at            INTEGER NOT NULL,
  last_used_at          INTEGER NOT NULL,
  last_used_region      TEXT,
  UNIQUE (account_id, name)
) STRICT;
CREATE INDEX iam_role_boundary ON iam_role (permissions_boundary);

-- Managed policies of accounts; those of AWS are in core/aws_policies.c.
CREATE TABLE iam_policy (
  id               TEXT PRIMARY KEY,
  account_id       TEXT NOT NULL,
  arn              TEXT NOT NULL UNIQUE,
  path             TEXT NOT NULL,
  name             TEXT NOT NULL COLLATE NOCASE,
  description      TEXT,
  default_version  INTEGER NOT NULL,
  versions_made    INTEGER NOT NULL,
  created_at       INTEGER NOT NULL,
  updated_at       INTEGER NOT NULL,
  UNIQUE (account_id, name)
) STRICT;

CREATE TABLE iam_policy_version (
  policy_id   TEXT NOT NULL REFERENCES iam_policy (id) ON DELETE CASCADE,
  number      INTEGER NOT NULL,
  document    TEXT NOT NULL,
  created_at  INTEGER NOT NULL,
  PRIMARY KEY (policy_id, number)
) STRICT;

-- The owner is a user, a group or a role; the policy one of the account or of AWS.
CREATE TABLE iam_attachment (
  owner_id    TEXT NOT NULL,
  policy_arn  TEXT NOT NULL,
  account_id  TEXT NOT NULL,
  PRIMARY KEY (owner_id, policy_arn)
) STRICT, WITHOUT ROWID;
CREATE INDEX iam_attachment_policy ON iam_attachment (policy_arn, account_id);

CREATE TABLE iam_inline_policy (
  owner_id  TEXT NOT NULL,
  name      TEXT NOT NULL,
  document  TEXT NOT NULL,
  PRIMARY KEY (owner_id, name)
) STRICT;

CREATE TABLE iam_instance_profile (
  id          TEXT PRIMARY KEY,
  account_id  TEXT NOT NULL,
  path        TEXT NOT NULL,
  name        TEXT NOT NULL COLLATE NOCASE,
  role_id     TEXT REFERENCES iam_role (id),
  created_at  INTEGER NOT NULL,
  UNIQUE (account_id, name)
) STRICT;
CREATE INDEX iam_instance_profile_role ON iam_instance_profile (role_id);

-- An instance has one profile at most. It keeps the association when the profile is deleted.
CREATE TABLE instance_profile_association (
  id             TEXT PRIMARY KEY,
  account_id     TEXT NOT NULL,
  region         TEXT NOT NULL,
  instance_id    TEXT NOT NULL UNIQUE REFERENCES instance (id),
  profile_id     TEXT NOT NULL,
  profile_arn    TEXT NOT NULL,
  associated_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX instance_profile_association_profile ON instance_profile_association (profile_id);

-- What schema 2 took for granted of a VPC, as rows. Ids are "rtb-" and seventeen hexadecimal digits.
INSERT INTO dhcp_options (id, account_id, region)
  SELECT dhcp_options_id, account_id, region FROM vpc GROUP BY dhcp_options_id;
INSERT INTO dhcp_option (dhcp_options_id, name, value)
  SELECT id, 'domain-name-servers', 'AmazonProvidedDNS' FROM dhcp_options;
INSERT INTO dhcp_option (dhcp_options_id, name, value)
  SELECT id, 'domain-name', CASE region WHEN 'us-east-1' THEN 'ec2.internal' ELSE region || '.compute.internal' END
    FROM dhcp_options;
-- The set that new VPCs of the region get.
INSERT INTO account_setting (account_id, region, name, value)
  SELECT account_id, region, 'default-dhcp-options', dhcp_options_id FROM vpc WHERE is_default = 1
    GROUP BY account_id, region;
INSERT INTO internet_gateway (id, account_id, region, vpc_id)
  SELECT 'igw-' || substr(lower(hex(randomblob(9))), 1, 17), account_id, region, id FROM vpc;
INSERT INTO route_table (id, account_id, region, vpc_id, number)
  SELECT 'rtb-' || substr(lower(hex(randomblob(9))), 1, 17), account_id, region, id, 0 FROM vpc;
INSERT INTO route_table_association (id, account_id, region, route_table_id, vpc_id, is_main)
  SELECT 'rtbassoc-' || substr(lower(hex(randomblob(9))), 1, 17), account_id, region, id, vpc_id, 1 FROM route_table;
INSERT INTO route (route_table_id, destination, target_id)
  SELECT t.id, '0.0.0.0/0', g.id FROM route_table t JOIN internet_gateway g USING (vpc_id);
INSERT INTO network_acl (id, account_id, region, vpc_id, is_default)
  SELECT 'acl-' || substr(lower(hex(randomblob(9))), 1, 17), account_id, region, id, 1 FROM vpc;
INSERT INTO network_acl_entry
  SELECT a.id, e.is_egress, 100, -1, 1, '0.0.0.0/0', NULL, -1, -1, -1, -1
    FROM network_acl a, (SELECT 0 AS is_egress UNION SELECT 1) e;
INSERT INTO network_acl_association (id, network_acl_id, vpc_id, subnet_id)
  SELECT 'aclassoc-' || substr(lower(hex(randomblob(9))), 1, 17), a.id, a.vpc_id, s.id
    FROM network_acl a JOIN subnet s USING (vpc_id);

-- The first account is the one of the setting account_id: it is the server's owner's.
CREATE TABLE account (
  id          TEXT PRIMARY KEY,
  name        TEXT NOT NULL,
  email       TEXT NOT NULL COLLATE NOCASE UNIQUE,
  status      TEXT NOT NULL,
  request_id  TEXT UNIQUE,
  created_at  INTEGER NOT NULL
) STRICT;
INSERT INTO account (id, name, email, status, created_at)
  SELECT value, 'owner', 'root@localhost', 'ACTIVE', 0 FROM setting WHERE name = 'account_id';

CREATE TABLE account_quota (
  account_id  TEXT NOT NULL REFERENCES account (id),
  code        TEXT NOT NULL,
  value       INTEGER NOT NULL,
  PRIMARY KEY (account_id, code)
) STRICT;

CREATE TABLE quota_request (
  id             TEXT PRIMARY KEY,
  account_id     TEXT NOT NULL REFERENCES account (id),
  code           TEXT NOT NULL,
  desired_value  INTEGER NOT NULL,
  status         TEXT NOT NULL,
  requester      TEXT NOT NULL,
  created_at     INTEGER NOT NULL,
  updated_at     INTEGER NOT NULL
) STRICT;
CREATE INDEX quota_request_account ON quota_request (account_id);
