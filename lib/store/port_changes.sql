-- Which ports may be other than they were: all rows that a port of a VPC is planned from (lib/jobs/plan_ports.c) say so
-- themselves, whoever writes them. These triggers are of the connection that writes and not of the database: they come with
-- the program, which after a start knows nothing and plans everything. note_port() is in port_changes.c. Rows that foreign
-- keys keep from coming or going while a port hangs on them have none.

CREATE TEMP TRIGGER interface_comes AFTER INSERT ON main.network_interface
BEGIN SELECT note_port(NEW.vpc_id, NEW.id); END;
CREATE TEMP TRIGGER interface_goes AFTER DELETE ON main.network_interface
BEGIN SELECT note_port(OLD.vpc_id, OLD.id); END;
CREATE TEMP TRIGGER interface_changes AFTER UPDATE ON main.network_interface
BEGIN SELECT note_port(OLD.vpc_id, OLD.id), note_port(NEW.vpc_id, NEW.id); END;

CREATE TEMP TRIGGER membership_comes AFTER INSERT ON main.interface_group
BEGIN SELECT note_port(vpc_id, id) FROM network_interface WHERE id = NEW.interface_id; END;
CREATE TEMP TRIGGER membership_goes AFTER DELETE ON main.interface_group
BEGIN SELECT note_port(vpc_id, id) FROM network_interface WHERE id = OLD.interface_id; END;

CREATE TEMP TRIGGER further_address_comes AFTER INSERT ON main.interface_address
BEGIN SELECT note_port(NEW.vpc_id, NEW.interface_id); END;
CREATE TEMP TRIGGER further_address_goes AFTER DELETE ON main.interface_address
BEGIN SELECT note_port(OLD.vpc_id, OLD.interface_id); END;
CREATE TEMP TRIGGER further_address_changes AFTER UPDATE ON main.interface_address
BEGIN SELECT note_port(OLD.vpc_id, OLD.interface_id), note_port(NEW.vpc_id, NEW.interface_id); END;

CREATE TEMP TRIGGER elastic_address_comes AFTER INSERT ON main.address
BEGIN SELECT note_port(vpc_id, id) FROM network_interface WHERE id = NEW.interface_id; END;
CREATE TEMP TRIGGER elastic_address_goes AFTER DELETE ON main.address
BEGIN SELECT note_port(vpc_id, id) FROM network_interface WHERE id = OLD.interface_id; END;
CREATE TEMP TRIGGER elastic_address_changes AFTER UPDATE ON main.address
BEGIN SELECT note_port(vpc_id, id) FROM network_interface WHERE id IN (OLD.interface_id, NEW.interface_id); END;

-- What a guest is called. Rows of instances change often, and seldom in this.
CREATE TEMP TRIGGER name_comes AFTER INSERT ON main.instance
BEGIN SELECT note_port(vpc_id, id) FROM network_interface WHERE instance_id = NEW.id; END;
CREATE TEMP TRIGGER name_goes AFTER DELETE ON main.instance
BEGIN SELECT note_port(vpc_id, id) FROM network_interface WHERE instance_id = OLD.id; END;
CREATE TEMP TRIGGER name_changes AFTER UPDATE ON main.instance
WHEN (OLD.vpc_id, OLD.hostname_type, OLD.resource_name_a, OLD.resource_name_aaaa)
  IS NOT (NEW.vpc_id, NEW.hostname_type, NEW.resource_name_a, NEW.resource_name_aaaa)
BEGIN SELECT note_port(vpc_id, id) FROM network_interface WHERE instance_id = NEW.id; END;

CREATE TEMP TRIGGER nat_gateway_comes AFTER INSERT ON main.nat_gateway
BEGIN SELECT note_port(NEW.vpc_id, NEW.interface_id); END;
CREATE TEMP TRIGGER nat_gateway_goes AFTER DELETE ON main.nat_gateway
BEGIN SELECT note_port(OLD.vpc_id, OLD.interface_id); END;
CREATE TEMP TRIGGER nat_gateway_changes AFTER UPDATE ON main.nat_gateway
BEGIN SELECT note_port(OLD.vpc_id, OLD.interface_id), note_port(NEW.vpc_id, NEW.interface_id); END;

-- A group of another VPC is one of this VPC's while the association is wanted.
CREATE TEMP TRIGGER association_comes AFTER INSERT ON main.security_group_vpc
BEGIN
  SELECT note_port(vpc_id, id) FROM interface_group JOIN network_interface ON id = interface_id
  WHERE group_id = NEW.group_id AND vpc_id = NEW.vpc_id;
END;
CREATE TEMP TRIGGER association_goes AFTER DELETE ON main.security_group_vpc
BEGIN
  SELECT note_port(vpc_id, id) FROM interface_group JOIN network_interface ON id = interface_id
  WHERE group_id = OLD.group_id AND vpc_id = OLD.vpc_id;
END;
CREATE TEMP TRIGGER association_changes AFTER UPDATE ON main.security_group_vpc
BEGIN
  SELECT note_port(vpc_id, id) FROM interface_group JOIN network_interface ON id = interface_id
  WHERE group_id = NEW.group_id AND vpc_id = NEW.vpc_id;
END;
